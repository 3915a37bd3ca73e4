"""What `growth` and `peak` share: a Spring Boot JAR of libraries that cannot be compressed, and a namespace with a login."""
import contextlib, os, random, subprocess, zipfile

MANIFEST = (
    "Manifest-Version: 1.0\nMain-Class: org.springframework.boot.loader.launch.JarLauncher\n"
    "Start-Class: A\nSpring-Boot-Version: 3.4.1\nSpring-Boot-Classes: BOOT-INF/classes/\nSpring-Boot-Lib: BOOT-INF/lib/\n\n"
)
CLASS = b"\xca\xfe\xba\xbe\0\0\0\x3d" + b"A"


def write(path, libraries, library_bytes, resource=b""):
    """Of so many libraries of so many bytes, the same ones each time, and a resource of the app's own."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as jar:
        jar.writestr("META-INF/MANIFEST.MF", MANIFEST)
        jar.writestr("org/springframework/boot/loader/launch/JarLauncher.class", CLASS)
        jar.writestr("BOOT-INF/classes/A.class", CLASS)
        jar.writestr("BOOT-INF/classes/data.bin", resource)
        for n in range(libraries):
            jar.writestr(f"BOOT-INF/lib/lib{n}-1.0.jar", random.Random(f"lib{n}").randbytes(library_bytes))


@contextlib.contextmanager
def namespace(name):
    """A namespace that may push to the registry of `tests/env`, for as long as it is needed."""
    quiet = {"check": True, "stdout": subprocess.DEVNULL}
    subprocess.run(["kubectl", "create", "namespace", name], **quiet)
    try:
        secret = ["kubectl", "create", "secret", "docker-registry", "registry-push", "-n", name]
        for flag, value in (("server", ""), ("username", "_USER"), ("password", "_PASSWORD")):
            secret.append(f"--docker-{flag}={os.environ['B2I_REGISTRY' + value]}")
        subprocess.run(secret, **quiet)
        yield
    finally:
        subprocess.run(["kubectl", "delete", "namespace", name, "--wait=false"], **quiet)
