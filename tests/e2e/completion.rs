//! `kubectl b2i <TAB>` in a real bash, with kubectl's own completion: what stands on the screen after
//! the key.

use std::process::Command;

use crate::world::{World, root, run, var};

/// Presses TAB after a line: bash's own variables are what a key press sets.
const PRESS_TAB: &str = r#"
# Where bash-completion is not installed: what kubectl's script takes from it.
_get_comp_words_by_ref() { words=("${COMP_WORDS[@]}"); cword=$COMP_CWORD; cur=${COMP_WORDS[COMP_CWORD]}; prev=${COMP_WORDS[COMP_CWORD-1]}; }
[ ! -f /usr/share/bash-completion/bash_completion ] || . /usr/share/bash-completion/bash_completion
compopt() { :; } # works inside of a key press only
source <(kubectl completion bash)
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
COMP_LINE="$*"
COMP_POINT=${#COMP_LINE}
COMP_TYPE=9
__start_kubectl
printf '%s\n' "${COMPREPLY[@]}"
"#;

struct Shell(World);

impl Shell {
    /// The words that are offered, without their descriptions.
    fn tab(&self, words: &[&str]) -> Vec<String> {
        let path = format!("{}:{}", root().join("completions").display(), var("PATH"));
        let screen = run(Command::new("bash")
            .args(["-c", PRESS_TAB, "bash", "kubectl", "b2i"])
            .args(words)
            .env("PATH", path)
            .env("KUBECONFIG", self.0.kubeconfig()));
        let word = |line: &str| line.split("  (").next().unwrap().trim().to_owned();
        screen.lines().map(word).filter(|word| !word.is_empty()).collect()
    }
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn bash_offers_what_the_cluster_has() {
    let world = World::new("tab");
    // To list Secrets is a right that not everybody has; then there are no words.
    let shell = Shell(world);
    assert!(shell.tab(&["deploy", "--push-secret", ""]).is_empty());
    let world = &shell.0;
    world.may("list", "secrets");
    world.b2i_ok("build ./hello-musl --name only-built");
    world.b2i_ok("deploy ./httpbin --port 8080 --replicas 0");
    world.secret("another-login");
    world.kubectl("create secret generic no-login --from-literal=a=b");

    assert_eq!(shell.tab(&["dep"]), ["deploy"]);
    assert_eq!(shell.tab(&["deploy", "--nodep"]), ["--nodeport"]);
    let secrets = shell.tab(&["deploy", "--push-secret", ""]);
    assert_eq!(secrets, ["another-login", "registry-push"]);
    assert_eq!(
        shell.tab(&["deploy", "./app.jar", "--pull-secret", "an"]),
        ["another-login"]
    );
    for command in ["logs", "status", "rerun", "rollback", "delete"] {
        assert_eq!(shell.tab(&[command, ""]), ["httpbin", "only-built"], "{command}");
    }
    assert_eq!(shell.tab(&["logs", "--tail", "5", "o"]), ["only-built"]);
    let elsewhere = shell.tab(&["logs", "-n", "kube-public", ""]);
    assert!(elsewhere.is_empty(), "{elsewhere:?}");
    assert_eq!(shell.tab(&["list", "--context", ""]), ["e2e"]);
    assert_eq!(
        shell.tab(&["build", "./app.jar", "--base", "tomcat85-java8"]),
        ["tomcat85-java8-centos7"]
    );
    assert_eq!(shell.tab(&["registry", "u"]), ["up"]);
    assert_eq!(shell.tab(&["rollback", "httpbin", "--to", ""]), ["1"]);
    // One app is enough for these: its name is not offered twice.
    let more = shell.tab(&["logs", "httpbin", ""]);
    assert!(!more.contains(&"only-built".to_owned()), "{more:?}");
}
