//! At a terminal, what was left out is asked for, and the line that asks nothing is shown.

use crate::{
    typing::{Person, Way},
    world::{REGISTRY, var},
};

/// What is asked, and what is typed; nothing but Enter takes what is proposed.
const QUESTIONS: [(&str, &str); 3] = [
    ("Secret to push with", ""),
    ("Where the image goes", ""),
    ("Port that `server` listens on", "8080"),
];

#[test]
#[ignore = "needs a cluster: tests/run"]
fn who_sits_at_a_terminal_is_asked_and_shown_the_line_that_asks_nothing() {
    let person = Person::new("asked");
    let world = &person.world;
    // Two Secrets; and the first opens two registries, so that no rule says where the image goes.
    let login =
        serde_json::json!({ "username": var("B2I_REGISTRY_USER"), "password": var("B2I_REGISTRY_PASSWORD") });
    let config = serde_json::json!({ "auths": { REGISTRY: login, "0.example.com": login } }).to_string();
    let secret = serde_json::json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "a-login" },
        "type": "kubernetes.io/dockerconfigjson", "stringData": { ".dockerconfigjson": config } });
    world.apply(&secret.to_string());

    // Nobody is there to be asked.
    let line = "kubectl b2i deploy ./server --nodeport";
    let said = person.types(line, &Way::ToTheEnd);
    said.assert_failed(&[
        &format!(
            "2 docker-registry Secrets: a-login (0.example.com, {REGISTRY}), registry-push ({REGISTRY})"
        ),
        "kubectl b2i deploy ./server --nodeport --push-secret NAME",
    ]);

    let said = person.types(line, &Way::Answering(&QUESTIONS));
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    for shown in [
        format!("registry-push ({REGISTRY})"),
        "Port that `server` listens on, Enter for none: ".to_owned(),
    ] {
        assert!(said.stderr.contains(&shown), "{shown} in\n{}", said.stderr);
    }
    let image = format!("{REGISTRY}/{}/server", world.namespace);
    let shown = format!("{line} --push-secret a-login --image {image} --port 8080");
    assert!(
        said.stderr
            .contains(&format!("the same without questions:\r\n  {shown}\r\n")),
        "{}",
        said.stderr
    );
    assert!(
        said.stdout.starts_with(&format!("{image}@sha256:")),
        "{}",
        said.stdout
    );

    let again = person.types(&shown, &Way::ToTheEnd);
    assert_eq!(
        (again.code, &again.stdout),
        (Some(0), &said.stdout),
        "{}",
        again.stderr
    );
    assert!(again.stderr.contains("nothing changed"), "{}", again.stderr);
}
