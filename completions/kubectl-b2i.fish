# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_kubectl_b2i_global_optspecs
    string join \n n/namespace= context= kubeconfig= cluster= user= s/server= token= as= as-group= as-uid= request-timeout= insecure-skip-tls-verify certificate-authority= client-certificate= client-key= tls-server-name= q/quiet h/help V/version
end

function __fish_kubectl_b2i_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_kubectl_b2i_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_kubectl_b2i_using_subcommand
    set -l cmd (__fish_kubectl_b2i_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c kubectl-b2i -n "__fish_kubectl_b2i_needs_command" -s n -l namespace -d 'Namespace to work in' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_needs_command" -l context -d 'Context of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_needs_command" -l kubeconfig -d 'Path of the kubeconfig' -r -F
complete -c kubectl-b2i -n "__fish_kubectl_b2i_needs_command" -l cluster -d 'Cluster of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_needs_command" -l user -d 'User of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_needs_command" -s s -l server -d 'Address of the API server' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_needs_command" -l token -d 'Bearer token for the API server' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_needs_command" -l as -d 'User to impersonate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_needs_command" -l as-group -d 'Group to impersonate; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_needs_command" -l as-uid -d 'UID to impersonate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_needs_command" -l request-timeout -d 'How long one request to the API server may take, for example 30s; 0 is for ever' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_needs_command" -l certificate-authority -d 'File with the API server\'s certificate authority' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_needs_command" -l client-certificate -d 'File with a client certificate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_needs_command" -l client-key -d 'File with the client certificate\'s key' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_needs_command" -l tls-server-name -d 'Name to expect in the API server\'s certificate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_needs_command" -l insecure-skip-tls-verify -d 'Trust any certificate of the API server'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_needs_command" -s q -l quiet -d 'Say nothing on stderr but failures'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_needs_command" -s V -l version -d 'Print version'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_needs_command" -f -a "deploy" -d 'Make an image of an artifact, push it and run it'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_needs_command" -f -a "build" -d 'Make an image of an artifact and push it'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_needs_command" -f -a "import" -d 'Make b2i.yaml of KubeSphere\'s S2iBuilder'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_needs_command" -f -a "inspect" -d 'Tell what an artifact is and what image it would get; needs no cluster'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_needs_command" -f -a "runtimes" -d 'Tell the base images, and which of them an artifact would get'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_needs_command" -f -a "list" -d 'List the apps of the namespace and their builds'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_needs_command" -f -a "status" -d 'Show an app: image, artifact, env, Pods, builds, events'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_needs_command" -f -a "logs" -d 'Print what an app\'s Pods say, or what its builder said'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_needs_command" -f -a "rerun" -d 'Make an image again of the layers in the registry, on a newer base; uploads nothing'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_needs_command" -f -a "rollback" -d 'Run the image of an earlier build; builds nothing'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_needs_command" -f -a "delete" -d 'Remove an app and its build record'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_needs_command" -f -a "doctor" -d 'Look at what a deploy needs in the namespace, and say what to do'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_needs_command" -f -a "registry" -d 'Log in to registries, and ask them what they would have against a build'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_needs_command" -f -a "builder" -d 'Make the image of the staging Pod and the builder Job, of this plugin'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_needs_command" -f -a "completion" -d 'Write the script that completes kubectl-b2i in a shell'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_needs_command" -f -a "version" -d 'Tell the version'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_needs_command" -f -a "init" -d 'Write the options of `deploy` into b2i.yaml, to stand beside the artifact'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -s f -l file -d 'Options file, instead of the b2i.yaml beside the artifact or in this folder; \'\' for none' -r -F
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l base -d 'Base image instead of the one that the artifact would get; `scratch` for none' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l s2i -d 'The base is a source-to-image (S2I) one: its own `run` script starts the app' -r -f -a "true\t''
false\t''"
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l platform -d 'Platform to build for, where the artifact does not decide it' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l port -d 'Port that the app listens on, as [NAME=]PORT[/tcp|udp|sctp]; repeats, the first TCP one is probed' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l image-env -d 'Env of the image, as NAME=VALUE; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l image-label -d 'Label of the image, as NAME=VALUE; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l jvm-options -d 'Options for the JVM, added to the defaults' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l context-path -d 'Path that a WAR serves; `/` for the root' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l convert-javax -d 'Let Tomcat 10 or later convert a WAR for javax.servlet when it starts' -r -f -a "true\t''
false\t''"
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l compression -d 'How the layers are compressed: gzip, or zstd for runtimes of 2021 and newer' -r -f -a "gzip\t''
zstd\t''"
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l compression-level -d 'How hard: 1 to 9 for gzip (1 when not given), 1 to 19 for zstd (3)' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l sha256 -d 'SHA-256 that the artifact must have, in hex' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l max-artifact-size -d 'Largest artifact to take' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l max-unpacked-size -d 'Largest size of an archive\'s entries, unpacked; above the default it may also be a bomb\'s' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l max-entries -d 'Most entries that an archive may have' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l image -d 'Where the image goes: registry/repository[:tag]' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l tag -d 'Tag of the image; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l name -d 'Name of the app; from the artifact\'s file name when not given' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l service-port -d 'Port of the Service, when it differs from the app\'s; with NAME= or the app\'s port and = for another than the first; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l nodeport -d 'Reach the app on a port of every node; with =N on that port, with =NAME=N for another than the first; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l ingress -d 'Reach the app by name through an Ingress: HOST or HOST/PATH; repeats, and replaces those of before' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l ingress-class -d 'Class of the Ingress; \'\' for the cluster\'s default' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l ingress-tls -d 'Secret with the certificate for the Ingress; \'\' for plain HTTP' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l replicas -d 'Number of Pods; left to whoever scales it when not given' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l env -d 'Env of the app, as NAME=VALUE, NAME=secret:NAME/KEY, or NAME- to remove it; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l memory -d 'Memory that the app gets, for example 512Mi; `default` for what its kind gets' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l cpu -d 'CPU that the app asks for, for example 500m; `default` for 100m' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l cpu-limit -d 'CPU that the app may use, for example 1; `default` for no limit' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l container -d 'Which container of it runs the image, where there are several' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l env-from -d 'Env from all keys of secret/NAME or configmap/NAME; secret/NAME- to remove it; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l command -d 'Command instead of the image\'s entrypoint, in one word for the shell; \'\' for the image\'s' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l args -d 'Arguments of the command, in one word for the shell; \'\' for the image\'s' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l health-path -d 'Path that tells by HTTP whether the app serves; `off` for TCP, `default` to choose by the artifact' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l liveness -d 'Path that tells by HTTP whether the app must be started again; `off` for no such probe, `default` for what --health-path says' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l readiness -d 'Path that tells by HTTP whether the app serves; `off` for no such probe, `default` for what --health-path says' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l service-account -d 'Service account of the Pods, whose token they then mount; \'\' for none' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l node-selector -d 'Label that the nodes must have, as NAME=VALUE, or NAME- to remove it; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l toleration -d 'Taint of nodes that the Pods bear, as KEY[=VALUE][:EFFECT], with - at the end to remove it; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l label -d 'Label of the Deployment and its Pods, as NAME=VALUE, or NAME- to remove it; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l annotation -d 'Annotation of the Pods, as NAME=VALUE, or NAME- to remove it; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l volume -d 'Mount secret/NAME, configmap/NAME, pvc/NAME or emptydir, as `SOURCE:/PATH`, read-only with `:ro` at the end; `/PATH-` removes; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l fs-group -d 'Group that may write to claims, by number; `off` leaves it to the cluster, `default` is our images\' own' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l strategy -d 'Whether new Pods start beside the old ones (rolling) or after they have ended (recreate), which needs no room for both, and leaves the app down in between; kept for later rollouts, which are rolling when nobody says so' -r -f -a "rolling\t'New Pods start beside the old ones'
recreate\t'New Pods start after the old ones have ended'"
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l wait -d 'Wait until the app serves' -r -f -a "true\t''
false\t''"
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l timeout -d 'How long to wait for that, for example 5m' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l push-secret -d 'Secret (docker-registry) that may push; when not given, the only one there is, or the one that the app\'s last build used' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l pull-secret -d 'Secret (docker-registry) that the base image is pulled with, where it is not the push Secret; `default` for that one again' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l builder-image -d 'Image of the staging Pod and the builder Job; where none is named, the first build brings it in' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l bootstrap-image -d 'Image with a shell by which the builder image is brought in where none is named; busybox when not given' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l builder-pull-secret -d 'Secret that the builder image is pulled with' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l insecure-registry -d 'Registry whose certificate is not checked, or that speaks plain HTTP; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l registry-host -d 'Private host that a registry may redirect to, such as its blob storage or its token server; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l registry-ca -d 'File with certificates (PEM) of authorities to trust beside the public ones' -r -F
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l staging-idle -d 'How long the staging Pod stays for the next run, for example 10m; 0 ends it with this one. When not given, 5m, and 0 where `CI` is set' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l history-limit -d 'How many builds of the app its record keeps; 10 when nobody says so' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l build-cpu-limit -d 'CPU limit of the build\'s Pods, for example 1; when not given, 500m where a quota demands a limit, else none' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l build-timeout -d 'How long the builder Job may take, for example 10m' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l dry-run -d 'Print the objects that would be applied, and change nothing: as this machine makes them, or as the API server would' -r -f -a "client\t'This machine'
server\t'The API server: with defaults, webhooks and refusals'"
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -s o -l output -d 'How the result is printed: name, json or yaml' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -s n -l namespace -d 'Namespace to work in' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l context -d 'Context of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l kubeconfig -d 'Path of the kubeconfig' -r -F
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l cluster -d 'Cluster of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l user -d 'User of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -s s -l server -d 'Address of the API server' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l token -d 'Bearer token for the API server' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l as -d 'User to impersonate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l as-group -d 'Group to impersonate; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l as-uid -d 'UID to impersonate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l request-timeout -d 'How long one request to the API server may take, for example 30s; 0 is for ever' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l certificate-authority -d 'File with the API server\'s certificate authority' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l client-certificate -d 'File with a client certificate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l client-key -d 'File with the client certificate\'s key' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l tls-server-name -d 'Name to expect in the API server\'s certificate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l allow-missing-libraries -d 'Take a JAR though its Class-Path names files that are not there, as Java does'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l pull -d 'Ask whether the base has moved, though nothing else has changed since the last build'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l rebuild -d 'Build even if nothing changed since the last build'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l load-balancer -d 'Reach the app at an address that the cloud gives its Service'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l no-nodeport -d 'Reach the app in the cluster only, and by its Ingress'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l no-ingress -d 'Remove the Ingress'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l stateful -d 'Run the app as a stateful set: Pods with names, and with claims of their own (--volume claim/…)'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l stateless -d 'Run the app as a Deployment, which is the default'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l adopt -d 'Give the image to a workload that somebody else made; of it nothing changes but the image and what flags name'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l force-conflicts -d 'Take over fields that somebody else set'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l no-undo -d 'Leave what does not serve as it is, instead of putting the earlier version back'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l timings -d 'Print how long each step took, and the bytes that it moved; `-o json` always has them'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l open -d 'Open the app in the browser when it serves'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -l insecure-skip-tls-verify -d 'Trust any certificate of the API server'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -s q -l quiet -d 'Say nothing on stderr but failures'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand deploy" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand build" -s f -l file -d 'Options file, instead of the b2i.yaml beside the artifact or in this folder; \'\' for none' -r -F
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand build" -l base -d 'Base image instead of the one that the artifact would get; `scratch` for none' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand build" -l s2i -d 'The base is a source-to-image (S2I) one: its own `run` script starts the app' -r -f -a "true\t''
false\t''"
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand build" -l platform -d 'Platform to build for, where the artifact does not decide it' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand build" -l port -d 'Port that the app listens on, as [NAME=]PORT[/tcp|udp|sctp]; repeats, the first TCP one is probed' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand build" -l image-env -d 'Env of the image, as NAME=VALUE; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand build" -l image-label -d 'Label of the image, as NAME=VALUE; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand build" -l jvm-options -d 'Options for the JVM, added to the defaults' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand build" -l context-path -d 'Path that a WAR serves; `/` for the root' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand build" -l convert-javax -d 'Let Tomcat 10 or later convert a WAR for javax.servlet when it starts' -r -f -a "true\t''
false\t''"
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand build" -l compression -d 'How the layers are compressed: gzip, or zstd for runtimes of 2021 and newer' -r -f -a "gzip\t''
zstd\t''"
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand build" -l compression-level -d 'How hard: 1 to 9 for gzip (1 when not given), 1 to 19 for zstd (3)' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand build" -l sha256 -d 'SHA-256 that the artifact must have, in hex' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand build" -l max-artifact-size -d 'Largest artifact to take' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand build" -l max-unpacked-size -d 'Largest size of an archive\'s entries, unpacked; above the default it may also be a bomb\'s' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand build" -l max-entries -d 'Most entries that an archive may have' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand build" -l image -d 'Where the image goes: registry/repository[:tag]' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand build" -l tag -d 'Tag of the image; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand build" -l name -d 'Name of the app; from the artifact\'s file name when not given' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand build" -l push-secret -d 'Secret (docker-registry) that may push; when not given, the only one there is, or the one that the app\'s last build used' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand build" -l pull-secret -d 'Secret (docker-registry) that the base image is pulled with, where it is not the push Secret; `default` for that one again' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand build" -l builder-image -d 'Image of the staging Pod and the builder Job; where none is named, the first build brings it in' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand build" -l bootstrap-image -d 'Image with a shell by which the builder image is brought in where none is named; busybox when not given' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand build" -l builder-pull-secret -d 'Secret that the builder image is pulled with' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand build" -l insecure-registry -d 'Registry whose certificate is not checked, or that speaks plain HTTP; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand build" -l registry-host -d 'Private host that a registry may redirect to, such as its blob storage or its token server; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand build" -l registry-ca -d 'File with certificates (PEM) of authorities to trust beside the public ones' -r -F
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand build" -l staging-idle -d 'How long the staging Pod stays for the next run, for example 10m; 0 ends it with this one. When not given, 5m, and 0 where `CI` is set' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand build" -l history-limit -d 'How many builds of the app its record keeps; 10 when nobody says so' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand build" -l build-cpu-limit -d 'CPU limit of the build\'s Pods, for example 1; when not given, 500m where a quota demands a limit, else none' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand build" -l build-timeout -d 'How long the builder Job may take, for example 10m' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand build" -s o -l output -d 'How the result is printed: name, json or yaml; or oci-archive:FILE to write the image there' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand build" -s n -l namespace -d 'Namespace to work in' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand build" -l context -d 'Context of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand build" -l kubeconfig -d 'Path of the kubeconfig' -r -F
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand build" -l cluster -d 'Cluster of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand build" -l user -d 'User of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand build" -s s -l server -d 'Address of the API server' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand build" -l token -d 'Bearer token for the API server' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand build" -l as -d 'User to impersonate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand build" -l as-group -d 'Group to impersonate; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand build" -l as-uid -d 'UID to impersonate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand build" -l request-timeout -d 'How long one request to the API server may take, for example 30s; 0 is for ever' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand build" -l certificate-authority -d 'File with the API server\'s certificate authority' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand build" -l client-certificate -d 'File with a client certificate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand build" -l client-key -d 'File with the client certificate\'s key' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand build" -l tls-server-name -d 'Name to expect in the API server\'s certificate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand build" -l allow-missing-libraries -d 'Take a JAR though its Class-Path names files that are not there, as Java does'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand build" -l pull -d 'Ask whether the base has moved, though nothing else has changed since the last build'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand build" -l rebuild -d 'Build even if nothing changed since the last build'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand build" -l timings -d 'Print how long each step took, and the bytes that it moved; `-o json` always has them'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand build" -l local -d 'Push from this machine, with its own logins, instead of by way of a cluster; one that is named, or that knows the app, gets an entry in the build record'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand build" -l insecure-skip-tls-verify -d 'Trust any certificate of the API server'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand build" -s q -l quiet -d 'Say nothing on stderr but failures'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand build" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand import" -s f -l filename -d 'File with the S2iBuilder as YAML or JSON; `-` for what is piped in' -r -F
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand import" -l to -d 'The file to write' -r -F
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand import" -s n -l namespace -d 'Namespace to work in' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand import" -l context -d 'Context of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand import" -l kubeconfig -d 'Path of the kubeconfig' -r -F
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand import" -l cluster -d 'Cluster of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand import" -l user -d 'User of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand import" -s s -l server -d 'Address of the API server' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand import" -l token -d 'Bearer token for the API server' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand import" -l as -d 'User to impersonate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand import" -l as-group -d 'Group to impersonate; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand import" -l as-uid -d 'UID to impersonate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand import" -l request-timeout -d 'How long one request to the API server may take, for example 30s; 0 is for ever' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand import" -l certificate-authority -d 'File with the API server\'s certificate authority' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand import" -l client-certificate -d 'File with a client certificate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand import" -l client-key -d 'File with the client certificate\'s key' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand import" -l tls-server-name -d 'Name to expect in the API server\'s certificate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand import" -l force -d 'Write over a file that is there'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand import" -l insecure-skip-tls-verify -d 'Trust any certificate of the API server'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand import" -s q -l quiet -d 'Say nothing on stderr but failures'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand import" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand inspect" -s f -l file -d 'Options file, instead of the b2i.yaml beside the artifact or in this folder; \'\' for none' -r -F
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand inspect" -l base -d 'Base image instead of the one that the artifact would get; `scratch` for none' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand inspect" -l s2i -d 'The base is a source-to-image (S2I) one: its own `run` script starts the app' -r -f -a "true\t''
false\t''"
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand inspect" -l platform -d 'Platform to build for, where the artifact does not decide it' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand inspect" -l port -d 'Port that the app listens on, as [NAME=]PORT[/tcp|udp|sctp]; repeats, the first TCP one is probed' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand inspect" -l image-env -d 'Env of the image, as NAME=VALUE; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand inspect" -l image-label -d 'Label of the image, as NAME=VALUE; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand inspect" -l jvm-options -d 'Options for the JVM, added to the defaults' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand inspect" -l context-path -d 'Path that a WAR serves; `/` for the root' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand inspect" -l convert-javax -d 'Let Tomcat 10 or later convert a WAR for javax.servlet when it starts' -r -f -a "true\t''
false\t''"
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand inspect" -l compression -d 'How the layers are compressed: gzip, or zstd for runtimes of 2021 and newer' -r -f -a "gzip\t''
zstd\t''"
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand inspect" -l compression-level -d 'How hard: 1 to 9 for gzip (1 when not given), 1 to 19 for zstd (3)' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand inspect" -l sha256 -d 'SHA-256 that the artifact must have, in hex' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand inspect" -l max-artifact-size -d 'Largest artifact to take' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand inspect" -l max-unpacked-size -d 'Largest size of an archive\'s entries, unpacked; above the default it may also be a bomb\'s' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand inspect" -l max-entries -d 'Most entries that an archive may have' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand inspect" -s o -l output -d 'How the result is printed: name (a page), json or yaml' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand inspect" -s n -l namespace -d 'Namespace to work in' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand inspect" -l context -d 'Context of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand inspect" -l kubeconfig -d 'Path of the kubeconfig' -r -F
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand inspect" -l cluster -d 'Cluster of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand inspect" -l user -d 'User of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand inspect" -s s -l server -d 'Address of the API server' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand inspect" -l token -d 'Bearer token for the API server' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand inspect" -l as -d 'User to impersonate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand inspect" -l as-group -d 'Group to impersonate; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand inspect" -l as-uid -d 'UID to impersonate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand inspect" -l request-timeout -d 'How long one request to the API server may take, for example 30s; 0 is for ever' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand inspect" -l certificate-authority -d 'File with the API server\'s certificate authority' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand inspect" -l client-certificate -d 'File with a client certificate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand inspect" -l client-key -d 'File with the client certificate\'s key' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand inspect" -l tls-server-name -d 'Name to expect in the API server\'s certificate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand inspect" -l allow-missing-libraries -d 'Take a JAR though its Class-Path names files that are not there, as Java does'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand inspect" -l insecure-skip-tls-verify -d 'Trust any certificate of the API server'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand inspect" -s q -l quiet -d 'Say nothing on stderr but failures'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand inspect" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand runtimes" -l sha256 -d 'SHA-256 that the artifact must have, in hex' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand runtimes" -l max-artifact-size -d 'Largest artifact to take' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand runtimes" -l max-unpacked-size -d 'Largest size of an archive\'s entries, unpacked; above the default it may also be a bomb\'s' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand runtimes" -l max-entries -d 'Most entries that an archive may have' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand runtimes" -s o -l output -d 'How the result is printed: name (a table), json or yaml, which a configuration takes' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand runtimes" -s n -l namespace -d 'Namespace to work in' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand runtimes" -l context -d 'Context of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand runtimes" -l kubeconfig -d 'Path of the kubeconfig' -r -F
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand runtimes" -l cluster -d 'Cluster of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand runtimes" -l user -d 'User of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand runtimes" -s s -l server -d 'Address of the API server' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand runtimes" -l token -d 'Bearer token for the API server' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand runtimes" -l as -d 'User to impersonate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand runtimes" -l as-group -d 'Group to impersonate; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand runtimes" -l as-uid -d 'UID to impersonate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand runtimes" -l request-timeout -d 'How long one request to the API server may take, for example 30s; 0 is for ever' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand runtimes" -l certificate-authority -d 'File with the API server\'s certificate authority' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand runtimes" -l client-certificate -d 'File with a client certificate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand runtimes" -l client-key -d 'File with the client certificate\'s key' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand runtimes" -l tls-server-name -d 'Name to expect in the API server\'s certificate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand runtimes" -l allow-missing-libraries -d 'Take a JAR though its Class-Path names files that are not there, as Java does'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand runtimes" -l insecure-skip-tls-verify -d 'Trust any certificate of the API server'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand runtimes" -s q -l quiet -d 'Say nothing on stderr but failures'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand runtimes" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand list" -s l -l selector -d 'Labels that the apps\' objects must have' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand list" -s o -l output -d 'How the result is printed, when not as a table' -r -f -a "wide\t'The table with more columns'
name\t'Names alone, one a line'
json\t'All that is known, as JSON'
yaml\t'All that is known, as YAML'"
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand list" -s n -l namespace -d 'Namespace to work in' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand list" -l context -d 'Context of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand list" -l kubeconfig -d 'Path of the kubeconfig' -r -F
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand list" -l cluster -d 'Cluster of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand list" -l user -d 'User of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand list" -s s -l server -d 'Address of the API server' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand list" -l token -d 'Bearer token for the API server' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand list" -l as -d 'User to impersonate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand list" -l as-group -d 'Group to impersonate; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand list" -l as-uid -d 'UID to impersonate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand list" -l request-timeout -d 'How long one request to the API server may take, for example 30s; 0 is for ever' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand list" -l certificate-authority -d 'File with the API server\'s certificate authority' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand list" -l client-certificate -d 'File with a client certificate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand list" -l client-key -d 'File with the client certificate\'s key' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand list" -l tls-server-name -d 'Name to expect in the API server\'s certificate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand list" -l insecure-skip-tls-verify -d 'Trust any certificate of the API server'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand list" -s q -l quiet -d 'Say nothing on stderr but failures'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand status" -s o -l output -d 'How the result is printed, when not as a page' -r -f -a "wide\t'The table with more columns'
name\t'Names alone, one a line'
json\t'All that is known, as JSON'
yaml\t'All that is known, as YAML'"
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand status" -s n -l namespace -d 'Namespace to work in' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand status" -l context -d 'Context of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand status" -l kubeconfig -d 'Path of the kubeconfig' -r -F
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand status" -l cluster -d 'Cluster of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand status" -l user -d 'User of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand status" -s s -l server -d 'Address of the API server' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand status" -l token -d 'Bearer token for the API server' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand status" -l as -d 'User to impersonate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand status" -l as-group -d 'Group to impersonate; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand status" -l as-uid -d 'UID to impersonate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand status" -l request-timeout -d 'How long one request to the API server may take, for example 30s; 0 is for ever' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand status" -l certificate-authority -d 'File with the API server\'s certificate authority' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand status" -l client-certificate -d 'File with a client certificate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand status" -l client-key -d 'File with the client certificate\'s key' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand status" -l tls-server-name -d 'Name to expect in the API server\'s certificate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand status" -s w -l watch -d 'Show it again whenever something changes, until Ctrl-C'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand status" -l insecure-skip-tls-verify -d 'Trust any certificate of the API server'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand status" -s q -l quiet -d 'Say nothing on stderr but failures'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand logs" -l build -d 'The log of the builder instead: of the last build, or of the one of this number' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand logs" -l since -d 'Lines that are not older than this, for example 5m' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand logs" -l tail -d 'So many lines from the end, of each Pod; -1 for all' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand logs" -s n -l namespace -d 'Namespace to work in' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand logs" -l context -d 'Context of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand logs" -l kubeconfig -d 'Path of the kubeconfig' -r -F
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand logs" -l cluster -d 'Cluster of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand logs" -l user -d 'User of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand logs" -s s -l server -d 'Address of the API server' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand logs" -l token -d 'Bearer token for the API server' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand logs" -l as -d 'User to impersonate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand logs" -l as-group -d 'Group to impersonate; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand logs" -l as-uid -d 'UID to impersonate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand logs" -l request-timeout -d 'How long one request to the API server may take, for example 30s; 0 is for ever' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand logs" -l certificate-authority -d 'File with the API server\'s certificate authority' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand logs" -l client-certificate -d 'File with a client certificate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand logs" -l client-key -d 'File with the client certificate\'s key' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand logs" -l tls-server-name -d 'Name to expect in the API server\'s certificate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand logs" -s f -l follow -d 'Go on with what is written from now on, until Ctrl-C'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand logs" -s p -l previous -d 'The log of the container before its last restart'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand logs" -l insecure-skip-tls-verify -d 'Trust any certificate of the API server'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand logs" -s q -l quiet -d 'Say nothing on stderr but failures'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand logs" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rerun" -l build -d 'Number of the build to do again; when not given, the last one that made an image' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rerun" -l base -d 'Base image instead of the same one, whose tag is looked up again; `scratch` for none' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rerun" -l tag -d 'Tag of the image instead of the same ones; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rerun" -l image-env -d 'Env of the image, as NAME=VALUE, or NAME- to remove it; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rerun" -l push-secret -d 'Secret (docker-registry) that may push; when not given, the only one there is, or the one that the app\'s last build used' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rerun" -l pull-secret -d 'Secret (docker-registry) that the base image is pulled with, where it is not the push Secret; `default` for that one again' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rerun" -l builder-image -d 'Image of the staging Pod and the builder Job; where none is named, the first build brings it in' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rerun" -l bootstrap-image -d 'Image with a shell by which the builder image is brought in where none is named; busybox when not given' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rerun" -l builder-pull-secret -d 'Secret that the builder image is pulled with' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rerun" -l insecure-registry -d 'Registry whose certificate is not checked, or that speaks plain HTTP; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rerun" -l registry-host -d 'Private host that a registry may redirect to, such as its blob storage or its token server; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rerun" -l registry-ca -d 'File with certificates (PEM) of authorities to trust beside the public ones' -r -F
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rerun" -l staging-idle -d 'How long the staging Pod stays for the next run, for example 10m; 0 ends it with this one. When not given, 5m, and 0 where `CI` is set' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rerun" -l history-limit -d 'How many builds of the app its record keeps; 10 when nobody says so' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rerun" -l build-cpu-limit -d 'CPU limit of the build\'s Pods, for example 1; when not given, 500m where a quota demands a limit, else none' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rerun" -l build-timeout -d 'How long the builder Job may take, for example 10m' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rerun" -l strategy -d 'Whether new Pods start beside the old ones (rolling) or after they have ended (recreate), which needs no room for both, and leaves the app down in between; kept for later rollouts, which are rolling when nobody says so' -r -f -a "rolling\t'New Pods start beside the old ones'
recreate\t'New Pods start after the old ones have ended'"
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rerun" -l wait -d 'Wait until the app serves' -r -f -a "true\t''
false\t''"
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rerun" -l timeout -d 'How long to wait for that, for example 5m' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rerun" -s o -l output -d 'How the result is printed: name, json or yaml' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rerun" -s n -l namespace -d 'Namespace to work in' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rerun" -l context -d 'Context of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rerun" -l kubeconfig -d 'Path of the kubeconfig' -r -F
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rerun" -l cluster -d 'Cluster of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rerun" -l user -d 'User of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rerun" -s s -l server -d 'Address of the API server' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rerun" -l token -d 'Bearer token for the API server' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rerun" -l as -d 'User to impersonate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rerun" -l as-group -d 'Group to impersonate; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rerun" -l as-uid -d 'UID to impersonate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rerun" -l request-timeout -d 'How long one request to the API server may take, for example 30s; 0 is for ever' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rerun" -l certificate-authority -d 'File with the API server\'s certificate authority' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rerun" -l client-certificate -d 'File with a client certificate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rerun" -l client-key -d 'File with the client certificate\'s key' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rerun" -l tls-server-name -d 'Name to expect in the API server\'s certificate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rerun" -l timings -d 'Print how long each step took, and the bytes that it moved; `-o json` always has them'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rerun" -l force-conflicts -d 'Take over fields that somebody else set'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rerun" -l no-undo -d 'Leave what does not serve as it is, instead of putting the earlier version back'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rerun" -l insecure-skip-tls-verify -d 'Trust any certificate of the API server'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rerun" -s q -l quiet -d 'Say nothing on stderr but failures'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rerun" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rollback" -l to -d 'Number of the build to go back to; when not given, the one before' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rollback" -l strategy -d 'Whether new Pods start beside the old ones (rolling) or after they have ended (recreate), which needs no room for both, and leaves the app down in between; kept for later rollouts, which are rolling when nobody says so' -r -f -a "rolling\t'New Pods start beside the old ones'
recreate\t'New Pods start after the old ones have ended'"
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rollback" -l wait -d 'Wait until the app serves' -r -f -a "true\t''
false\t''"
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rollback" -l timeout -d 'How long to wait for that, for example 5m' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rollback" -s o -l output -d 'How the result is printed: name, json or yaml' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rollback" -s n -l namespace -d 'Namespace to work in' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rollback" -l context -d 'Context of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rollback" -l kubeconfig -d 'Path of the kubeconfig' -r -F
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rollback" -l cluster -d 'Cluster of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rollback" -l user -d 'User of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rollback" -s s -l server -d 'Address of the API server' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rollback" -l token -d 'Bearer token for the API server' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rollback" -l as -d 'User to impersonate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rollback" -l as-group -d 'Group to impersonate; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rollback" -l as-uid -d 'UID to impersonate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rollback" -l request-timeout -d 'How long one request to the API server may take, for example 30s; 0 is for ever' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rollback" -l certificate-authority -d 'File with the API server\'s certificate authority' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rollback" -l client-certificate -d 'File with a client certificate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rollback" -l client-key -d 'File with the client certificate\'s key' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rollback" -l tls-server-name -d 'Name to expect in the API server\'s certificate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rollback" -l force-conflicts -d 'Take over fields that somebody else set'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rollback" -l no-undo -d 'Leave what does not serve as it is, instead of putting the earlier version back'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rollback" -l insecure-skip-tls-verify -d 'Trust any certificate of the API server'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rollback" -s q -l quiet -d 'Say nothing on stderr but failures'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand rollback" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand delete" -l timeout -d 'How long to wait until its Pods are gone; 0 not at all' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand delete" -s n -l namespace -d 'Namespace to work in' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand delete" -l context -d 'Context of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand delete" -l kubeconfig -d 'Path of the kubeconfig' -r -F
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand delete" -l cluster -d 'Cluster of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand delete" -l user -d 'User of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand delete" -s s -l server -d 'Address of the API server' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand delete" -l token -d 'Bearer token for the API server' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand delete" -l as -d 'User to impersonate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand delete" -l as-group -d 'Group to impersonate; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand delete" -l as-uid -d 'UID to impersonate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand delete" -l request-timeout -d 'How long one request to the API server may take, for example 30s; 0 is for ever' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand delete" -l certificate-authority -d 'File with the API server\'s certificate authority' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand delete" -l client-certificate -d 'File with a client certificate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand delete" -l client-key -d 'File with the client certificate\'s key' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand delete" -l tls-server-name -d 'Name to expect in the API server\'s certificate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand delete" -s y -l yes -d 'Do not ask'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand delete" -l volumes -d 'Remove the data of a stateful app too: its volume claims'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand delete" -l insecure-skip-tls-verify -d 'Trust any certificate of the API server'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand delete" -s q -l quiet -d 'Say nothing on stderr but failures'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand doctor" -l image -d 'Registry and repository that an image would go to; as a deploy chooses it when not given' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand doctor" -l push-secret -d 'Secret (docker-registry) that may push; when not given, the only one there is, or the one that the app\'s last build used' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand doctor" -l pull-secret -d 'Secret (docker-registry) that the base image is pulled with, where it is not the push Secret; `default` for that one again' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand doctor" -l builder-image -d 'Image of the staging Pod and the builder Job; where none is named, the first build brings it in' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand doctor" -l bootstrap-image -d 'Image with a shell by which the builder image is brought in where none is named; busybox when not given' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand doctor" -l builder-pull-secret -d 'Secret that the builder image is pulled with' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand doctor" -l insecure-registry -d 'Registry whose certificate is not checked, or that speaks plain HTTP; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand doctor" -l registry-host -d 'Private host that a registry may redirect to, such as its blob storage or its token server; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand doctor" -l registry-ca -d 'File with certificates (PEM) of authorities to trust beside the public ones' -r -F
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand doctor" -l staging-idle -d 'How long the staging Pod stays for the next run, for example 10m; 0 ends it with this one. When not given, 5m, and 0 where `CI` is set' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand doctor" -l history-limit -d 'How many builds of the app its record keeps; 10 when nobody says so' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand doctor" -l build-cpu-limit -d 'CPU limit of the build\'s Pods, for example 1; when not given, 500m where a quota demands a limit, else none' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand doctor" -l build-timeout -d 'How long the builder Job may take, for example 10m' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand doctor" -s o -l output -d 'How the result is printed, when not as a table' -r -f -a "wide\t'The table with more columns'
name\t'Names alone, one a line'
json\t'All that is known, as JSON'
yaml\t'All that is known, as YAML'"
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand doctor" -s n -l namespace -d 'Namespace to work in' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand doctor" -l context -d 'Context of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand doctor" -l kubeconfig -d 'Path of the kubeconfig' -r -F
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand doctor" -l cluster -d 'Cluster of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand doctor" -l user -d 'User of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand doctor" -s s -l server -d 'Address of the API server' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand doctor" -l token -d 'Bearer token for the API server' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand doctor" -l as -d 'User to impersonate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand doctor" -l as-group -d 'Group to impersonate; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand doctor" -l as-uid -d 'UID to impersonate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand doctor" -l request-timeout -d 'How long one request to the API server may take, for example 30s; 0 is for ever' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand doctor" -l certificate-authority -d 'File with the API server\'s certificate authority' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand doctor" -l client-certificate -d 'File with a client certificate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand doctor" -l client-key -d 'File with the client certificate\'s key' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand doctor" -l tls-server-name -d 'Name to expect in the API server\'s certificate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand doctor" -l no-pod -d 'Ask the API server alone: start no Pod that pulls the builder image and asks the registry'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand doctor" -l insecure-skip-tls-verify -d 'Trust any certificate of the API server'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand doctor" -s q -l quiet -d 'Say nothing on stderr but failures'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and not __fish_seen_subcommand_from login check list up down help" -s n -l namespace -d 'Namespace to work in' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and not __fish_seen_subcommand_from login check list up down help" -l context -d 'Context of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and not __fish_seen_subcommand_from login check list up down help" -l kubeconfig -d 'Path of the kubeconfig' -r -F
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and not __fish_seen_subcommand_from login check list up down help" -l cluster -d 'Cluster of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and not __fish_seen_subcommand_from login check list up down help" -l user -d 'User of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and not __fish_seen_subcommand_from login check list up down help" -s s -l server -d 'Address of the API server' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and not __fish_seen_subcommand_from login check list up down help" -l token -d 'Bearer token for the API server' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and not __fish_seen_subcommand_from login check list up down help" -l as -d 'User to impersonate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and not __fish_seen_subcommand_from login check list up down help" -l as-group -d 'Group to impersonate; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and not __fish_seen_subcommand_from login check list up down help" -l as-uid -d 'UID to impersonate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and not __fish_seen_subcommand_from login check list up down help" -l request-timeout -d 'How long one request to the API server may take, for example 30s; 0 is for ever' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and not __fish_seen_subcommand_from login check list up down help" -l certificate-authority -d 'File with the API server\'s certificate authority' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and not __fish_seen_subcommand_from login check list up down help" -l client-certificate -d 'File with a client certificate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and not __fish_seen_subcommand_from login check list up down help" -l client-key -d 'File with the client certificate\'s key' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and not __fish_seen_subcommand_from login check list up down help" -l tls-server-name -d 'Name to expect in the API server\'s certificate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and not __fish_seen_subcommand_from login check list up down help" -l insecure-skip-tls-verify -d 'Trust any certificate of the API server'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and not __fish_seen_subcommand_from login check list up down help" -s q -l quiet -d 'Say nothing on stderr but failures'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and not __fish_seen_subcommand_from login check list up down help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and not __fish_seen_subcommand_from login check list up down help" -f -a "login" -d 'Put a login into a Secret that builds push with, and prove it'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and not __fish_seen_subcommand_from login check list up down help" -f -a "check" -d 'Ask a registry, from inside the cluster, what it would have against a build'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and not __fish_seen_subcommand_from login check list up down help" -f -a "list" -d 'List the Secrets that builds may push with, their registries and users'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and not __fish_seen_subcommand_from login check list up down help" -f -a "up" -d 'Run a registry in the namespace, to try things out where there is none'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and not __fish_seen_subcommand_from login check list up down help" -f -a "down" -d 'Remove the registry of `registry up`, and all images in it'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and not __fish_seen_subcommand_from login check list up down help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from login" -s u -l username -d 'User to log in as; asked for on a terminal when not given' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from login" -l secret -d 'Secret that the login is put into; its other logins stay' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from login" -l builder-image -d 'Image that proves the login from inside the cluster; without one, it is proved from here' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from login" -l builder-pull-secret -d 'Secret that the builder image is pulled with' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from login" -l insecure-registry -d 'Registry whose certificate is not checked, or that speaks plain HTTP; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from login" -l registry-host -d 'Private host that a registry may redirect to, such as its blob storage or its token server; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from login" -l registry-ca -d 'File with certificates (PEM) of authorities to trust beside the public ones' -r -F
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from login" -s n -l namespace -d 'Namespace to work in' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from login" -l context -d 'Context of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from login" -l kubeconfig -d 'Path of the kubeconfig' -r -F
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from login" -l cluster -d 'Cluster of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from login" -l user -d 'User of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from login" -s s -l server -d 'Address of the API server' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from login" -l token -d 'Bearer token for the API server' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from login" -l as -d 'User to impersonate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from login" -l as-group -d 'Group to impersonate; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from login" -l as-uid -d 'UID to impersonate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from login" -l request-timeout -d 'How long one request to the API server may take, for example 30s; 0 is for ever' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from login" -l certificate-authority -d 'File with the API server\'s certificate authority' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from login" -l client-certificate -d 'File with a client certificate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from login" -l client-key -d 'File with the client certificate\'s key' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from login" -l tls-server-name -d 'Name to expect in the API server\'s certificate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from login" -l password-stdin -d 'Read the password from standard input; asked for on a terminal when not given'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from login" -l insecure-skip-tls-verify -d 'Trust any certificate of the API server'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from login" -s q -l quiet -d 'Say nothing on stderr but failures'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from login" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from check" -l base -d 'Base image that a build would pull' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from check" -l push-secret -d 'Secret (docker-registry) that may push; when not given, the only one there is, or the one that the app\'s last build used' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from check" -l pull-secret -d 'Secret (docker-registry) that the base image is pulled with, where it is not the push Secret; `default` for that one again' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from check" -l builder-image -d 'Image of the staging Pod and the builder Job; where none is named, the first build brings it in' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from check" -l bootstrap-image -d 'Image with a shell by which the builder image is brought in where none is named; busybox when not given' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from check" -l builder-pull-secret -d 'Secret that the builder image is pulled with' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from check" -l insecure-registry -d 'Registry whose certificate is not checked, or that speaks plain HTTP; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from check" -l registry-host -d 'Private host that a registry may redirect to, such as its blob storage or its token server; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from check" -l registry-ca -d 'File with certificates (PEM) of authorities to trust beside the public ones' -r -F
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from check" -l staging-idle -d 'How long the staging Pod stays for the next run, for example 10m; 0 ends it with this one. When not given, 5m, and 0 where `CI` is set' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from check" -l history-limit -d 'How many builds of the app its record keeps; 10 when nobody says so' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from check" -l build-cpu-limit -d 'CPU limit of the build\'s Pods, for example 1; when not given, 500m where a quota demands a limit, else none' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from check" -l build-timeout -d 'How long the builder Job may take, for example 10m' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from check" -s o -l output -d 'How the result is printed, instead of as a table: json or yaml' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from check" -s n -l namespace -d 'Namespace to work in' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from check" -l context -d 'Context of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from check" -l kubeconfig -d 'Path of the kubeconfig' -r -F
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from check" -l cluster -d 'Cluster of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from check" -l user -d 'User of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from check" -s s -l server -d 'Address of the API server' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from check" -l token -d 'Bearer token for the API server' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from check" -l as -d 'User to impersonate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from check" -l as-group -d 'Group to impersonate; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from check" -l as-uid -d 'UID to impersonate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from check" -l request-timeout -d 'How long one request to the API server may take, for example 30s; 0 is for ever' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from check" -l certificate-authority -d 'File with the API server\'s certificate authority' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from check" -l client-certificate -d 'File with a client certificate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from check" -l client-key -d 'File with the client certificate\'s key' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from check" -l tls-server-name -d 'Name to expect in the API server\'s certificate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from check" -l insecure-skip-tls-verify -d 'Trust any certificate of the API server'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from check" -s q -l quiet -d 'Say nothing on stderr but failures'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from list" -s o -l output -d 'How the result is printed, instead of as a table: name, json or yaml' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from list" -s n -l namespace -d 'Namespace to work in' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from list" -l context -d 'Context of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from list" -l kubeconfig -d 'Path of the kubeconfig' -r -F
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from list" -l cluster -d 'Cluster of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from list" -l user -d 'User of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from list" -s s -l server -d 'Address of the API server' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from list" -l token -d 'Bearer token for the API server' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from list" -l as -d 'User to impersonate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from list" -l as-group -d 'Group to impersonate; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from list" -l as-uid -d 'UID to impersonate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from list" -l request-timeout -d 'How long one request to the API server may take, for example 30s; 0 is for ever' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from list" -l certificate-authority -d 'File with the API server\'s certificate authority' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from list" -l client-certificate -d 'File with a client certificate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from list" -l client-key -d 'File with the client certificate\'s key' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from list" -l tls-server-name -d 'Name to expect in the API server\'s certificate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from list" -l insecure-skip-tls-verify -d 'Trust any certificate of the API server'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say nothing on stderr but failures'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from up" -l storage -d 'Keep images in a volume of this size; without it they go with the registry\'s Pod' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from up" -l registry-image -d 'Image of the registry: CNCF distribution, version 2 or 3' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from up" -l builder-image -d 'Builder image that the nodes can pull, instead of this plugin\'s own executable' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from up" -l timeout -d 'How long the registry may take to be ready' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from up" -s n -l namespace -d 'Namespace to work in' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from up" -l context -d 'Context of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from up" -l kubeconfig -d 'Path of the kubeconfig' -r -F
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from up" -l cluster -d 'Cluster of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from up" -l user -d 'User of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from up" -s s -l server -d 'Address of the API server' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from up" -l token -d 'Bearer token for the API server' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from up" -l as -d 'User to impersonate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from up" -l as-group -d 'Group to impersonate; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from up" -l as-uid -d 'UID to impersonate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from up" -l request-timeout -d 'How long one request to the API server may take, for example 30s; 0 is for ever' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from up" -l certificate-authority -d 'File with the API server\'s certificate authority' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from up" -l client-certificate -d 'File with a client certificate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from up" -l client-key -d 'File with the client certificate\'s key' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from up" -l tls-server-name -d 'Name to expect in the API server\'s certificate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from up" -l insecure-skip-tls-verify -d 'Trust any certificate of the API server'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from up" -s q -l quiet -d 'Say nothing on stderr but failures'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from up" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from down" -s n -l namespace -d 'Namespace to work in' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from down" -l context -d 'Context of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from down" -l kubeconfig -d 'Path of the kubeconfig' -r -F
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from down" -l cluster -d 'Cluster of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from down" -l user -d 'User of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from down" -s s -l server -d 'Address of the API server' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from down" -l token -d 'Bearer token for the API server' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from down" -l as -d 'User to impersonate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from down" -l as-group -d 'Group to impersonate; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from down" -l as-uid -d 'UID to impersonate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from down" -l request-timeout -d 'How long one request to the API server may take, for example 30s; 0 is for ever' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from down" -l certificate-authority -d 'File with the API server\'s certificate authority' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from down" -l client-certificate -d 'File with a client certificate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from down" -l client-key -d 'File with the client certificate\'s key' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from down" -l tls-server-name -d 'Name to expect in the API server\'s certificate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from down" -s y -l yes -d 'Do not ask'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from down" -l insecure-skip-tls-verify -d 'Trust any certificate of the API server'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from down" -s q -l quiet -d 'Say nothing on stderr but failures'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from down" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from help" -f -a "login" -d 'Put a login into a Secret that builds push with, and prove it'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from help" -f -a "check" -d 'Ask a registry, from inside the cluster, what it would have against a build'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the Secrets that builds may push with, their registries and users'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from help" -f -a "up" -d 'Run a registry in the namespace, to try things out where there is none'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from help" -f -a "down" -d 'Remove the registry of `registry up`, and all images in it'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand registry; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand builder; and not __fish_seen_subcommand_from push help" -s n -l namespace -d 'Namespace to work in' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand builder; and not __fish_seen_subcommand_from push help" -l context -d 'Context of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand builder; and not __fish_seen_subcommand_from push help" -l kubeconfig -d 'Path of the kubeconfig' -r -F
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand builder; and not __fish_seen_subcommand_from push help" -l cluster -d 'Cluster of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand builder; and not __fish_seen_subcommand_from push help" -l user -d 'User of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand builder; and not __fish_seen_subcommand_from push help" -s s -l server -d 'Address of the API server' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand builder; and not __fish_seen_subcommand_from push help" -l token -d 'Bearer token for the API server' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand builder; and not __fish_seen_subcommand_from push help" -l as -d 'User to impersonate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand builder; and not __fish_seen_subcommand_from push help" -l as-group -d 'Group to impersonate; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand builder; and not __fish_seen_subcommand_from push help" -l as-uid -d 'UID to impersonate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand builder; and not __fish_seen_subcommand_from push help" -l request-timeout -d 'How long one request to the API server may take, for example 30s; 0 is for ever' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand builder; and not __fish_seen_subcommand_from push help" -l certificate-authority -d 'File with the API server\'s certificate authority' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand builder; and not __fish_seen_subcommand_from push help" -l client-certificate -d 'File with a client certificate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand builder; and not __fish_seen_subcommand_from push help" -l client-key -d 'File with the client certificate\'s key' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand builder; and not __fish_seen_subcommand_from push help" -l tls-server-name -d 'Name to expect in the API server\'s certificate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand builder; and not __fish_seen_subcommand_from push help" -l insecure-skip-tls-verify -d 'Trust any certificate of the API server'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand builder; and not __fish_seen_subcommand_from push help" -s q -l quiet -d 'Say nothing on stderr but failures'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand builder; and not __fish_seen_subcommand_from push help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand builder; and not __fish_seen_subcommand_from push help" -f -a "push" -d 'Push the builder image from this machine, with its own logins'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand builder; and not __fish_seen_subcommand_from push help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand builder; and __fish_seen_subcommand_from push" -l architecture -d 'Architecture of the nodes: amd64 or arm64; this machine\'s when not given' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand builder; and __fish_seen_subcommand_from push" -l insecure-registry -d 'Registry whose certificate is not checked, or that speaks plain HTTP; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand builder; and __fish_seen_subcommand_from push" -l registry-host -d 'Private host that a registry may redirect to, such as its blob storage or its token server; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand builder; and __fish_seen_subcommand_from push" -l registry-ca -d 'File with certificates (PEM) of authorities to trust beside the public ones' -r -F
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand builder; and __fish_seen_subcommand_from push" -s o -l output -d 'How the result is printed: name, json or yaml' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand builder; and __fish_seen_subcommand_from push" -s n -l namespace -d 'Namespace to work in' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand builder; and __fish_seen_subcommand_from push" -l context -d 'Context of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand builder; and __fish_seen_subcommand_from push" -l kubeconfig -d 'Path of the kubeconfig' -r -F
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand builder; and __fish_seen_subcommand_from push" -l cluster -d 'Cluster of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand builder; and __fish_seen_subcommand_from push" -l user -d 'User of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand builder; and __fish_seen_subcommand_from push" -s s -l server -d 'Address of the API server' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand builder; and __fish_seen_subcommand_from push" -l token -d 'Bearer token for the API server' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand builder; and __fish_seen_subcommand_from push" -l as -d 'User to impersonate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand builder; and __fish_seen_subcommand_from push" -l as-group -d 'Group to impersonate; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand builder; and __fish_seen_subcommand_from push" -l as-uid -d 'UID to impersonate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand builder; and __fish_seen_subcommand_from push" -l request-timeout -d 'How long one request to the API server may take, for example 30s; 0 is for ever' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand builder; and __fish_seen_subcommand_from push" -l certificate-authority -d 'File with the API server\'s certificate authority' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand builder; and __fish_seen_subcommand_from push" -l client-certificate -d 'File with a client certificate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand builder; and __fish_seen_subcommand_from push" -l client-key -d 'File with the client certificate\'s key' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand builder; and __fish_seen_subcommand_from push" -l tls-server-name -d 'Name to expect in the API server\'s certificate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand builder; and __fish_seen_subcommand_from push" -l insecure-skip-tls-verify -d 'Trust any certificate of the API server'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand builder; and __fish_seen_subcommand_from push" -s q -l quiet -d 'Say nothing on stderr but failures'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand builder; and __fish_seen_subcommand_from push" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand builder; and __fish_seen_subcommand_from help" -f -a "push" -d 'Push the builder image from this machine, with its own logins'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand builder; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand completion" -s n -l namespace -d 'Namespace to work in' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand completion" -l context -d 'Context of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand completion" -l kubeconfig -d 'Path of the kubeconfig' -r -F
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand completion" -l cluster -d 'Cluster of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand completion" -l user -d 'User of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand completion" -s s -l server -d 'Address of the API server' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand completion" -l token -d 'Bearer token for the API server' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand completion" -l as -d 'User to impersonate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand completion" -l as-group -d 'Group to impersonate; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand completion" -l as-uid -d 'UID to impersonate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand completion" -l request-timeout -d 'How long one request to the API server may take, for example 30s; 0 is for ever' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand completion" -l certificate-authority -d 'File with the API server\'s certificate authority' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand completion" -l client-certificate -d 'File with a client certificate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand completion" -l client-key -d 'File with the client certificate\'s key' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand completion" -l tls-server-name -d 'Name to expect in the API server\'s certificate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand completion" -l insecure-skip-tls-verify -d 'Trust any certificate of the API server'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand completion" -s q -l quiet -d 'Say nothing on stderr but failures'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand completion" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand version" -s o -l output -d 'How the result is printed: name, json or yaml; the latter two also ask the cluster' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand version" -s n -l namespace -d 'Namespace to work in' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand version" -l context -d 'Context of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand version" -l kubeconfig -d 'Path of the kubeconfig' -r -F
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand version" -l cluster -d 'Cluster of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand version" -l user -d 'User of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand version" -s s -l server -d 'Address of the API server' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand version" -l token -d 'Bearer token for the API server' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand version" -l as -d 'User to impersonate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand version" -l as-group -d 'Group to impersonate; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand version" -l as-uid -d 'UID to impersonate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand version" -l request-timeout -d 'How long one request to the API server may take, for example 30s; 0 is for ever' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand version" -l certificate-authority -d 'File with the API server\'s certificate authority' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand version" -l client-certificate -d 'File with a client certificate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand version" -l client-key -d 'File with the client certificate\'s key' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand version" -l tls-server-name -d 'Name to expect in the API server\'s certificate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand version" -l client -d 'Ask no cluster'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand version" -l insecure-skip-tls-verify -d 'Trust any certificate of the API server'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand version" -s q -l quiet -d 'Say nothing on stderr but failures'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand version" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -s f -l file -d 'The file to write' -r -F
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l base -d 'Base image instead of the one that the artifact would get; `scratch` for none' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l s2i -d 'The base is a source-to-image (S2I) one: its own `run` script starts the app' -r -f -a "true\t''
false\t''"
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l platform -d 'Platform to build for, where the artifact does not decide it' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l port -d 'Port that the app listens on, as [NAME=]PORT[/tcp|udp|sctp]; repeats, the first TCP one is probed' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l image-env -d 'Env of the image, as NAME=VALUE; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l image-label -d 'Label of the image, as NAME=VALUE; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l jvm-options -d 'Options for the JVM, added to the defaults' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l context-path -d 'Path that a WAR serves; `/` for the root' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l convert-javax -d 'Let Tomcat 10 or later convert a WAR for javax.servlet when it starts' -r -f -a "true\t''
false\t''"
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l compression -d 'How the layers are compressed: gzip, or zstd for runtimes of 2021 and newer' -r -f -a "gzip\t''
zstd\t''"
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l compression-level -d 'How hard: 1 to 9 for gzip (1 when not given), 1 to 19 for zstd (3)' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l sha256 -d 'SHA-256 that the artifact must have, in hex' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l max-artifact-size -d 'Largest artifact to take' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l max-unpacked-size -d 'Largest size of an archive\'s entries, unpacked; above the default it may also be a bomb\'s' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l max-entries -d 'Most entries that an archive may have' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l image -d 'Where the image goes: registry/repository[:tag]' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l tag -d 'Tag of the image; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l name -d 'Name of the app; from the artifact\'s file name when not given' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l service-port -d 'Port of the Service, when it differs from the app\'s; with NAME= or the app\'s port and = for another than the first; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l nodeport -d 'Reach the app on a port of every node; with =N on that port, with =NAME=N for another than the first; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l ingress -d 'Reach the app by name through an Ingress: HOST or HOST/PATH; repeats, and replaces those of before' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l ingress-class -d 'Class of the Ingress; \'\' for the cluster\'s default' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l ingress-tls -d 'Secret with the certificate for the Ingress; \'\' for plain HTTP' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l replicas -d 'Number of Pods; left to whoever scales it when not given' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l env -d 'Env of the app, as NAME=VALUE, NAME=secret:NAME/KEY, or NAME- to remove it; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l memory -d 'Memory that the app gets, for example 512Mi; `default` for what its kind gets' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l cpu -d 'CPU that the app asks for, for example 500m; `default` for 100m' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l cpu-limit -d 'CPU that the app may use, for example 1; `default` for no limit' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l env-from -d 'Env from all keys of secret/NAME or configmap/NAME; secret/NAME- to remove it; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l command -d 'Command instead of the image\'s entrypoint, in one word for the shell; \'\' for the image\'s' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l args -d 'Arguments of the command, in one word for the shell; \'\' for the image\'s' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l health-path -d 'Path that tells by HTTP whether the app serves; `off` for TCP, `default` to choose by the artifact' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l liveness -d 'Path that tells by HTTP whether the app must be started again; `off` for no such probe, `default` for what --health-path says' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l readiness -d 'Path that tells by HTTP whether the app serves; `off` for no such probe, `default` for what --health-path says' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l service-account -d 'Service account of the Pods, whose token they then mount; \'\' for none' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l node-selector -d 'Label that the nodes must have, as NAME=VALUE, or NAME- to remove it; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l toleration -d 'Taint of nodes that the Pods bear, as KEY[=VALUE][:EFFECT], with - at the end to remove it; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l label -d 'Label of the Deployment and its Pods, as NAME=VALUE, or NAME- to remove it; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l annotation -d 'Annotation of the Pods, as NAME=VALUE, or NAME- to remove it; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l volume -d 'Mount secret/NAME, configmap/NAME, pvc/NAME or emptydir, as `SOURCE:/PATH`, read-only with `:ro` at the end; `/PATH-` removes; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l fs-group -d 'Group that may write to claims, by number; `off` leaves it to the cluster, `default` is our images\' own' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l strategy -d 'Whether new Pods start beside the old ones (rolling) or after they have ended (recreate), which needs no room for both, and leaves the app down in between; kept for later rollouts, which are rolling when nobody says so' -r -f -a "rolling\t'New Pods start beside the old ones'
recreate\t'New Pods start after the old ones have ended'"
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l wait -d 'Wait until the app serves' -r -f -a "true\t''
false\t''"
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l timeout -d 'How long to wait for that, for example 5m' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l push-secret -d 'Secret (docker-registry) that may push; when not given, the only one there is, or the one that the app\'s last build used' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l pull-secret -d 'Secret (docker-registry) that the base image is pulled with, where it is not the push Secret; `default` for that one again' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l builder-image -d 'Image of the staging Pod and the builder Job; where none is named, the first build brings it in' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l bootstrap-image -d 'Image with a shell by which the builder image is brought in where none is named; busybox when not given' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l builder-pull-secret -d 'Secret that the builder image is pulled with' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l insecure-registry -d 'Registry whose certificate is not checked, or that speaks plain HTTP; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l registry-host -d 'Private host that a registry may redirect to, such as its blob storage or its token server; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l registry-ca -d 'File with certificates (PEM) of authorities to trust beside the public ones' -r -F
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l staging-idle -d 'How long the staging Pod stays for the next run, for example 10m; 0 ends it with this one. When not given, 5m, and 0 where `CI` is set' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l history-limit -d 'How many builds of the app its record keeps; 10 when nobody says so' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l build-cpu-limit -d 'CPU limit of the build\'s Pods, for example 1; when not given, 500m where a quota demands a limit, else none' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l build-timeout -d 'How long the builder Job may take, for example 10m' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -s n -l namespace -d 'Namespace to work in' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l context -d 'Context of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l kubeconfig -d 'Path of the kubeconfig' -r -F
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l cluster -d 'Cluster of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l user -d 'User of the kubeconfig to use' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -s s -l server -d 'Address of the API server' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l token -d 'Bearer token for the API server' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l as -d 'User to impersonate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l as-group -d 'Group to impersonate; repeats' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l as-uid -d 'UID to impersonate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l request-timeout -d 'How long one request to the API server may take, for example 30s; 0 is for ever' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l certificate-authority -d 'File with the API server\'s certificate authority' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l client-certificate -d 'File with a client certificate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l client-key -d 'File with the client certificate\'s key' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l tls-server-name -d 'Name to expect in the API server\'s certificate' -r
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l force -d 'Write over a file that is there'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l allow-missing-libraries -d 'Take a JAR though its Class-Path names files that are not there, as Java does'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l load-balancer -d 'Reach the app at an address that the cloud gives its Service'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l no-nodeport -d 'Reach the app in the cluster only, and by its Ingress'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l no-ingress -d 'Remove the Ingress'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l stateful -d 'Run the app as a stateful set: Pods with names, and with claims of their own (--volume claim/…)'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l stateless -d 'Run the app as a Deployment, which is the default'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l no-undo -d 'Leave what does not serve as it is, instead of putting the earlier version back'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -l insecure-skip-tls-verify -d 'Trust any certificate of the API server'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -s q -l quiet -d 'Say nothing on stderr but failures'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand init" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand help; and not __fish_seen_subcommand_from deploy build import inspect runtimes list status logs rerun rollback delete doctor registry builder completion version init help" -f -a "deploy" -d 'Make an image of an artifact, push it and run it'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand help; and not __fish_seen_subcommand_from deploy build import inspect runtimes list status logs rerun rollback delete doctor registry builder completion version init help" -f -a "build" -d 'Make an image of an artifact and push it'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand help; and not __fish_seen_subcommand_from deploy build import inspect runtimes list status logs rerun rollback delete doctor registry builder completion version init help" -f -a "import" -d 'Make b2i.yaml of KubeSphere\'s S2iBuilder'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand help; and not __fish_seen_subcommand_from deploy build import inspect runtimes list status logs rerun rollback delete doctor registry builder completion version init help" -f -a "inspect" -d 'Tell what an artifact is and what image it would get; needs no cluster'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand help; and not __fish_seen_subcommand_from deploy build import inspect runtimes list status logs rerun rollback delete doctor registry builder completion version init help" -f -a "runtimes" -d 'Tell the base images, and which of them an artifact would get'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand help; and not __fish_seen_subcommand_from deploy build import inspect runtimes list status logs rerun rollback delete doctor registry builder completion version init help" -f -a "list" -d 'List the apps of the namespace and their builds'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand help; and not __fish_seen_subcommand_from deploy build import inspect runtimes list status logs rerun rollback delete doctor registry builder completion version init help" -f -a "status" -d 'Show an app: image, artifact, env, Pods, builds, events'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand help; and not __fish_seen_subcommand_from deploy build import inspect runtimes list status logs rerun rollback delete doctor registry builder completion version init help" -f -a "logs" -d 'Print what an app\'s Pods say, or what its builder said'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand help; and not __fish_seen_subcommand_from deploy build import inspect runtimes list status logs rerun rollback delete doctor registry builder completion version init help" -f -a "rerun" -d 'Make an image again of the layers in the registry, on a newer base; uploads nothing'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand help; and not __fish_seen_subcommand_from deploy build import inspect runtimes list status logs rerun rollback delete doctor registry builder completion version init help" -f -a "rollback" -d 'Run the image of an earlier build; builds nothing'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand help; and not __fish_seen_subcommand_from deploy build import inspect runtimes list status logs rerun rollback delete doctor registry builder completion version init help" -f -a "delete" -d 'Remove an app and its build record'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand help; and not __fish_seen_subcommand_from deploy build import inspect runtimes list status logs rerun rollback delete doctor registry builder completion version init help" -f -a "doctor" -d 'Look at what a deploy needs in the namespace, and say what to do'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand help; and not __fish_seen_subcommand_from deploy build import inspect runtimes list status logs rerun rollback delete doctor registry builder completion version init help" -f -a "registry" -d 'Log in to registries, and ask them what they would have against a build'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand help; and not __fish_seen_subcommand_from deploy build import inspect runtimes list status logs rerun rollback delete doctor registry builder completion version init help" -f -a "builder" -d 'Make the image of the staging Pod and the builder Job, of this plugin'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand help; and not __fish_seen_subcommand_from deploy build import inspect runtimes list status logs rerun rollback delete doctor registry builder completion version init help" -f -a "completion" -d 'Write the script that completes kubectl-b2i in a shell'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand help; and not __fish_seen_subcommand_from deploy build import inspect runtimes list status logs rerun rollback delete doctor registry builder completion version init help" -f -a "version" -d 'Tell the version'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand help; and not __fish_seen_subcommand_from deploy build import inspect runtimes list status logs rerun rollback delete doctor registry builder completion version init help" -f -a "init" -d 'Write the options of `deploy` into b2i.yaml, to stand beside the artifact'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand help; and not __fish_seen_subcommand_from deploy build import inspect runtimes list status logs rerun rollback delete doctor registry builder completion version init help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand help; and __fish_seen_subcommand_from registry" -f -a "login" -d 'Put a login into a Secret that builds push with, and prove it'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand help; and __fish_seen_subcommand_from registry" -f -a "check" -d 'Ask a registry, from inside the cluster, what it would have against a build'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand help; and __fish_seen_subcommand_from registry" -f -a "list" -d 'List the Secrets that builds may push with, their registries and users'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand help; and __fish_seen_subcommand_from registry" -f -a "up" -d 'Run a registry in the namespace, to try things out where there is none'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand help; and __fish_seen_subcommand_from registry" -f -a "down" -d 'Remove the registry of `registry up`, and all images in it'
complete -c kubectl-b2i -n "__fish_kubectl_b2i_using_subcommand help; and __fish_seen_subcommand_from builder" -f -a "push" -d 'Push the builder image from this machine, with its own logins'
