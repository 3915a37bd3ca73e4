// jib's own way with a Spring Boot JAR, as its CLI does it: layers by layers.idx, straight from here to the registry.
import com.google.cloud.tools.jib.api.*;
import com.google.cloud.tools.jib.api.buildplan.*;
import java.nio.file.*;
import java.util.*;

public final class Driver {
    public static void main(String[] args) throws Exception {
        Path exploded = Path.of(args[0]);
        JibContainerBuilder image = Jib.from(RegistryImage.named(args[1]).addCredential(args[3], args[4]));
        for (String layer : List.of("dependencies", "loader", "application")) {
            FileEntriesLayer.Builder files = FileEntriesLayer.builder().setName(layer);
            files.addEntryRecursive(exploded.resolve(layer), AbsoluteUnixPath.get("/app"));
            image.addFileEntriesLayer(files.build());
        }
        image.setEntrypoint("java", "-cp", "/app", "org.springframework.boot.loader.launch.JarLauncher");
        Containerizer to = Containerizer.to(RegistryImage.named(args[2]).addCredential(args[3], args[4]));
        System.out.println(image.containerize(to.setAllowInsecureRegistries(true)).getDigest());
    }
}
