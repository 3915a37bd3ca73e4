//! `kubectl b2i <TAB>` and `kubectl-b2i <TAB>`: what a shell makes of the key.

use std::{fs, process::Command};

use crate::{
    support::terminal::Terminal,
    world::{World, root, run, var},
};

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

/// A shell, how it is started with the commands of a file, and these commands.
struct Kind {
    name: &'static str,
    start: &'static [&'static str],
    file: &'static str,
    commands: &'static str,
    has_kubectl: bool,
}

const KINDS: [Kind; 4] = [
    Kind {
        name: "bash",
        start: &["bash", "--noprofile", "--rcfile", "../set-up", "-i"],
        file: "set-up",
        commands: ". /usr/share/bash-completion/bash_completion
            . <(kubectl completion bash)
            . <(kubectl-b2i completion bash)",
        has_kubectl: true,
    },
    Kind {
        name: "bash without bash-completion",
        start: &["bash", "--noprofile", "--rcfile", "../set-up", "-i"],
        file: "set-up",
        commands: ". <(kubectl-b2i completion bash)",
        has_kubectl: false,
    },
    Kind {
        name: "zsh",
        start: &["zsh", "-i"],
        file: ".zshrc",
        commands: "autoload -Uz compinit && compinit -u -D
            . <(kubectl completion zsh)
            . <(kubectl-b2i completion zsh)",
        has_kubectl: true,
    },
    Kind {
        name: "fish",
        start: &["fish", "-i", "-C", "source ../set-up"],
        file: "set-up",
        commands: "set -g fish_greeting
            kubectl completion fish | source
            kubectl-b2i completion fish | source",
        has_kubectl: true,
    },
];

/// Somebody at an interactive shell.
struct Prompt {
    terminal: Terminal,
    count: usize,
}

impl Prompt {
    fn start(kind: &Kind, world: &World) -> Self {
        let home = world.folder.path().join(kind.name);
        fs::create_dir_all(&home).unwrap();
        fs::write(home.join(kind.file), kind.commands).unwrap();
        let folder = home.join("work");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("app.jar"), "").unwrap();
        let path = format!("{}:{}", root().join("completions").display(), var("PATH"));
        // An interactive shell wants a terminal of its own.
        let mut command = Command::new("setsid");
        command
            .arg("--ctty")
            .args(kind.start)
            .current_dir(&folder)
            .env("HOME", &home)
            .env("ZDOTDIR", &home)
            .env("XDG_CONFIG_HOME", &home)
            .env("TERM", "xterm")
            .env("PATH", path)
            .env("KUBECONFIG", world.kubeconfig());
        let terminal = Terminal::sized(command, 40, 200);
        Self { terminal, count: 0 }
    }

    /// Types a line and TAB, and returns what stands there then: the line becomes the words of an `echo`.
    fn tab(&mut self, line: &str) -> String {
        self.count += 1;
        // What is typed and what is printed are not the same, so that the one is not taken for the other.
        self.terminal
            .keys(&format!("{line}\t\x01echo TY''PED-{} \x05 END\r", self.count));
        let sign = format!("TYPED-{} ", self.count);
        self.terminal.shown(&sign);
        let shown = self.terminal.shown(" END\r\n");
        let (_, after) = shown.rsplit_once(&sign).unwrap();
        let (words, _) = after.split_once(" END").unwrap_or((after, ""));
        words.to_owned()
    }
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn every_shell_completes_both_names() {
    let world = World::new("shells");
    world.b2i_ok("build ./hello-musl --name only-built");
    let kubeconfig = fs::read_to_string(world.kubeconfig()).unwrap();
    let more = "contexts: [{name: \"arn:aws:eks\", context: {cluster: e2e, user: dev}}, \
                {name: dev@e2e, context: {cluster: e2e, user: dev}}, ";
    fs::write(world.kubeconfig(), kubeconfig.replace("contexts: [", more)).unwrap();
    let namespace = &world.namespace;
    let mut wrong = Vec::new();
    for kind in &KINDS {
        let mut prompt = Prompt::start(kind, &world);
        for name in ["kubectl-b2i", "kubectl b2i"] {
            if name == "kubectl b2i" && !kind.has_kubectl {
                continue;
            }
            for (typed, completed) in [
                ("dep", "deploy"),
                ("registry u", "registry up"),
                ("deploy --nodep", "deploy --nodeport"),
                ("deploy app.jar --nodep", "deploy app.jar --nodeport"),
                ("registry up --stor", "registry up --storage"),
                ("deploy --output js", "deploy --output json"),
                ("deploy --output=js", "deploy --output=json"),
                ("list -o wi", "list -o wide"),
                ("deploy ", "deploy app.jar"),
                ("deploy ./a", "deploy ./app.jar"),
                ("import --file ./a", "import --file ./app.jar"),
                ("logs on", "logs only-built"),
                ("logs --tail 5 on", "logs --tail 5 only-built"),
                (
                    &format!("-n {namespace} logs on"),
                    &format!("-n {namespace} logs only-built"),
                ),
                ("list --context e", "list --context e2e"),
                ("list --context arn:a", "list --context arn:aws:eks"),
                ("list --context=arn:a", "list --context=arn:aws:eks"),
                ("list --context dev@", "list --context dev@e2e"),
                ("list --context=d", "list --context=dev@e2e"),
            ] {
                let words = prompt.tab(&format!("{name} {typed}"));
                let is = words.split_whitespace().collect::<Vec<_>>().join(" ");
                if is != format!("{name} {completed}") {
                    wrong.push(format!("{}: `{name} {typed}` became `{is}`", kind.name));
                }
            }
        }
        prompt.terminal.kill();
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
