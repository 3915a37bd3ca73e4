//! The examples of every `--help` are typed as they stand there, and work.

use kubectl_b2i::roles::plugin::command;

use crate::{
    typing::{Person, Way},
    world::{eventually, kubectl, run},
};

/// The commands in the order in which a person would come to them: each finds what it needs.
const ORDER: [&str; 22] = [
    "version",
    "completion",
    "inspect",
    "runtimes",
    "registry login",
    "registry list",
    "registry check",
    "doctor",
    "builder push",
    "build",
    "deploy",
    "list",
    "status",
    "logs",
    "rerun",
    "rollback",
    "delete",
    // Its file would speak for everything that is deployed from here.
    "init",
    "import",
    "registry up",
    "registry down",
    "",
];

/// Every command's examples, from clap itself, in that order.
fn examples() -> Vec<String> {
    let mut whole = command();
    whole.build();
    let mut found: Vec<(usize, Vec<String>)> = Vec::new();
    let mut commands = vec![(String::new(), &whole)];
    while let Some((path, command)) = commands.pop() {
        let below: Vec<_> = command
            .get_subcommands()
            .filter(|below| below.get_name() != "help")
            .collect();
        if below.is_empty() {
            let place = ORDER.iter().position(|known| *known == path);
            let place = place.unwrap_or_else(|| panic!("`{path}` has no place in ORDER"));
            let help = command.get_after_help().map(ToString::to_string);
            let lines = help.unwrap_or_default();
            let lines = lines.lines().filter_map(|line| line.strip_prefix("  "));
            let lines = lines.filter(|line| line.starts_with("kubectl b2i "));
            found.push((place, lines.map(ToOwned::to_owned).collect()));
        }
        for command in below {
            commands.push((
                format!("{path} {}", command.get_name()).trim().to_owned(),
                command,
            ));
        }
    }
    assert_eq!(found.len(), ORDER.len() - 1, "a command of ORDER is no more");
    found.sort();
    found.into_iter().flat_map(|(_, lines)| lines).collect()
}

/// An app that somebody else made; it gets its image from us.
const THEIRS: &str = r#"{ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "shop" },
    "spec": { "selector": { "matchLabels": { "app": "theirs" } }, "template": {
        "metadata": { "labels": { "app": "theirs" } },
        "spec": { "securityContext": { "runAsNonRoot": true, "seccompProfile": { "type": "RuntimeDefault" } },
            "containers": [{ "name": "web", "image": "localhost/none:1",
                "securityContext": { "allowPrivilegeEscalation": false, "capabilities": { "drop": ["ALL"] } } }] } } } }"#;

/// As KubeSphere's console writes it.
const S2I_BUILDER: &str = "apiVersion: devops.kubesphere.io/v1alpha1
kind: S2iBuilder
metadata: {name: shop}
spec:
  config:
    isBinaryURL: true
    sourceUrl: http://files.example.com/shop.jar
    imageName: registry.example.com/team/shop
    tag: v1
    builderImage: kubesphere/java-8-centos7:v2.1.0
";

/// What a cluster with KubeSphere knows.
const S2I_BUILDERS: &str = "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: s2ibuilders.devops.kubesphere.io}
spec:
  group: devops.kubesphere.io
  scope: Namespaced
  names: {kind: S2iBuilder, plural: s2ibuilders, singular: s2ibuilder}
  versions:
  - name: v1alpha1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
";

fn way(line: &str) -> Way {
    match line {
        "kubectl b2i registry login registry.example.com" => {
            Way::Answering(&[("User at", "dev\n"), ("Password of", "s3cret\n")])
        }
        "kubectl b2i init" => Way::Answering(&[
            ("Artifact", "./shop.jar\n"),
            ("Name of the app", "\n"),
            ("Port", "\n"),
            ("Where the image goes", "\n"),
            ("every node?", "y\n"),
        ]),
        "kubectl b2i delete shop" | "kubectl b2i delete shop --volumes" | "kubectl b2i registry down" => {
            Way::Answering(&[("[y/N]", "y\n")])
        }
        "kubectl b2i status shop --watch" => Way::Until("EVENTS"),
        "kubectl b2i logs shop --follow --tail 20" => Way::Until("Started"),
        _ => Way::ToTheEnd,
    }
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn every_example_works() {
    let person = Person::new("examples");
    let _volumes = ["data", "data-shop-0", "b2i-registry"].map(|claim| person.volume(claim));
    let world = &person.world;
    world.kubectl("create secret generic db --from-literal=password=s3cret");
    let claim = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data}\nspec: {accessModes: [ReadWriteOnce], \
        storageClassName: '', resources: {requests: {storage: 1Gi}}}\n";
    let file = world.folder.path().join("claim.yaml");
    std::fs::write(&file, claim).unwrap();
    world.kubectl(&format!("apply -f {}", file.display()));

    for line in examples() {
        // Only one kind of workload can have the name, and what was adopted stays somebody else's.
        let begin_anew = || {
            world.kubectl("delete deployment,statefulset,service,ingress shop --ignore-not-found");
        };
        if line.starts_with("kubectl b2i init") || line.starts_with("kubectl b2i import") {
            // Each as in a folder that has no options yet.
            std::fs::remove_file(person.folder.join("b2i.yaml")).ok();
            std::fs::write(person.folder.join("s2ibuilder.yaml"), S2I_BUILDER).unwrap();
        }
        match line.as_str() {
            line if line.contains(" --stateful ") => begin_anew(),
            line if line.ends_with(" --adopt") => {
                begin_anew();
                let file = world.folder.path().join("theirs.json");
                std::fs::write(&file, THEIRS).unwrap();
                world.kubectl(&format!("apply -f {}", file.display()));
            }
            "kubectl b2i deploy ./shop.jar --dry-run=client -o yaml" => {
                begin_anew();
                let said = person.types("kubectl b2i deploy ./shop.jar --port 8080", &Way::ToTheEnd);
                assert_eq!(said.code, Some(0), "{}", said.stderr);
            }
            // A container that ended, so that there is a log of before.
            "kubectl b2i logs shop --previous" => {
                let namespace = world.namespace.as_str();
                run(kubectl().args(["exec", "-n", namespace, "deploy/shop", "--", "sh", "-c", "kill 1"]));
                // One of two; the other has no log of before.
                eventually("the container runs again", || {
                    let of = "jsonpath={.items[*].status.containerStatuses[*].restartCount}";
                    world
                        .kubectl(&format!("get pods -l kubectl-b2i/role=app -o {of}"))
                        .contains('1')
                });
            }
            "kubectl b2i import shop" => {
                world.apply(S2I_BUILDERS);
                let crd = "crd/s2ibuilders.devops.kubesphere.io";
                world.kubectl(&format!("wait --for=condition=Established {crd} --timeout=30s"));
                world.apply(S2I_BUILDER);
                world.may("get", "s2ibuilders.devops.kubesphere.io");
            }
            line if line.starts_with("kubectl b2i delete ") || line.contains(" --from-app ") => {
                world.b2i_ok(&format!("deploy {}/shop.jar", person.folder.display()));
            }
            _ => {}
        }
        let way = way(&line);
        let said = person.types(&line, &way);
        let is_right = match way {
            // Ended by the signal, as a shell reports it or as the kernel does.
            Way::Until(_) => matches!(said.code, Some(130) | None),
            _ => said.code == Some(0),
        };
        eprintln!("{line}");
        assert!(
            is_right,
            "{line}\n{:?}\n{}\n{}",
            said.code, said.stdout, said.stderr
        );
    }
}
