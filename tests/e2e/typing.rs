//! A person at a shell: types the lines of a page as they stand there, with files and names of their
//! own for those of the examples.

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use crate::{
    support::terminal::Terminal,
    world::{REGISTRY, Said, World, artifacts, run, said, var},
};

/// How a line is typed.
pub enum Way {
    /// To its end.
    ToTheEnd,
    /// On a terminal, where questions are answered.
    Answering(&'static [(&'static str, &'static str)]),
    /// Until this is on the screen; then Ctrl-C.
    Until(&'static str),
}

pub struct Person {
    pub world: World,
    /// Where the lines are typed.
    pub folder: PathBuf,
}

impl Person {
    /// Somebody who has a `shop.jar`, a `shop.war` and a `server`, and may do all that is optional.
    pub fn new(name: &str) -> Self {
        let world = World::new(name);
        world.may("get,list,create,update,delete", "secrets");
        world.may("get,create,delete", "persistentvolumeclaims");
        Self::in_world(world)
    }

    /// The same in a world of which nothing is there yet.
    pub fn in_world(world: World) -> Self {
        let folder = world.folder.path().join("work");
        fs::create_dir_all(folder.join(".zfunc")).unwrap();
        for (name, artifact) in [
            ("shop.jar", "plain.jar"),
            ("shop.war", "hawtio-javax.war"),
            ("server", "httpbin"),
            ("zipkin.jar", "zipkin.jar"),
        ] {
            fs::copy(artifacts().join(artifact), folder.join(name)).unwrap();
        }
        fs::write(folder.join("token.txt"), var("B2I_REGISTRY_PASSWORD")).unwrap();
        Self { world, folder }
    }

    /// Puts what is ours in the place of an example's names.
    pub fn ours(&self, line: &str) -> String {
        let plugin = run(Command::new("sh").args(["-c", "command -v kubectl-b2i"]));
        let user = var("B2I_REGISTRY_USER");
        let mut line = line.to_owned();
        for (theirs, ours) in [
            ("registry.example.com", REGISTRY),
            ("ghcr.io", REGISTRY),
            ("jane", &user),
            ("USER", &user),
            ("PASSWORD", &var("B2I_REGISTRY_PASSWORD")),
            ("-n team", &format!("-n {}", self.world.namespace)),
            ("-n dev", &format!("-n {}", self.world.namespace)),
            ("namespace dev", &format!("namespace {}", self.world.namespace)),
            (
                "--namespace=dev",
                &format!("--namespace={}", self.world.namespace),
            ),
            ("/usr/local/bin/kubectl-b2i", &plugin),
            ("/etc/bash_completion.d/", &format!("{}/", self.folder.display())),
        ] {
            line = line.replace(theirs, ours);
        }
        line
    }

    /// Types a line.
    pub fn types(&self, line: &str, way: &Way) -> Said {
        self.types_after("", line, way)
    }

    /// Types a line in a shell where others were typed before: exports.
    pub fn types_after(&self, before: &str, line: &str, way: &Way) -> Said {
        let line = match way {
            // The shell must not stand between the program and the signal.
            Way::Until(_) => self.ours(&format!("{before}exec {line}")),
            _ => self.ours(&format!("{before}{line}")),
        };
        match way {
            Way::ToTheEnd => said(&mut self.shell("sh", &["-c", &line])),
            Way::Answering(answers) => self.answers(&line, answers),
            Way::Until(sign) => self.until(&line, sign),
        }
    }

    fn shell(&self, program: &str, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .args(args)
            .current_dir(&self.folder)
            .env("HOME", &self.folder)
            .env("KUBECONFIG", self.world.kubeconfig())
            .stdin(Stdio::null());
        command
    }

    /// At a terminal, reading what is asked before typing.
    fn answers(&self, line: &str, answers: &[(&str, &str)]) -> Said {
        let mut terminal = Terminal::start(self.shell("sh", &["-c", line]));
        for (question, answer) in answers {
            let answer = answer.trim_end_matches('\n');
            if question.starts_with("Password") {
                terminal.answer_hidden(question, answer);
            } else {
                terminal.answer(question, answer);
            }
        }
        let (code, stdout, stderr) = terminal.ended();
        Said { code, stdout, stderr }
    }

    /// What never ends by itself: seen to work, and stopped as people do it.
    fn until(&self, line: &str, sign: &str) -> Said {
        // Whatever a script runs in the background ignores the signal, its children as well.
        let mut child = self
            .shell("env", &["--default-signal=INT", "sh", "-c", line])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        read_until(&mut child, sign);
        run(Command::new("kill").args(["-INT", &child.id().to_string()]));
        let code = child.wait().unwrap().code();
        Said {
            code,
            stdout: String::new(),
            stderr: String::new(),
        }
    }

    /// A volume for a claim of this name, which anybody may write to; its objects belong to no
    /// namespace, so the person who gets it must keep it.
    pub fn volume(&self, claim: &str) -> Volume {
        let path = self.world.folder.path().join(format!("volume-{claim}"));
        fs::create_dir(&path).unwrap();
        run(Command::new("chmod").arg("0777").arg(&path));
        // What is below a temporary folder may not be entered by others.
        run(Command::new("chmod").arg("0755").arg(self.world.folder.path()));
        let name = format!("{}-{claim}", self.world.namespace);
        let text = format!(
            "apiVersion: v1\nkind: PersistentVolume\nmetadata: {{name: {name}}}\n\
             spec:\n  accessModes: [ReadWriteOnce]\n  capacity: {{storage: 10Gi}}\n  hostPath: {{path: {}}}\n  \
             claimRef: {{namespace: {}, name: {claim}}}\n",
            path.display(),
            self.world.namespace
        );
        let file = self.world.folder.path().join("volume.yaml");
        fs::write(&file, text).unwrap();
        self.world.kubectl(&format!("apply -f {}", file.display()));
        Volume(name)
    }
}

pub struct Volume(String);

impl Drop for Volume {
    fn drop(&mut self) {
        let _ = Command::new("kubectl")
            .args(["delete", "pv", &self.0, "--wait=false"])
            .output();
    }
}

/// Byte by byte: what comes after the sign is not to be looked for the next one before it is asked.
fn read_until(child: &mut Child, sign: &str) {
    let stdout = child.stdout.as_mut().unwrap();
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(sign.as_bytes()) {
        let count = stdout.read(&mut byte).unwrap();
        assert_ne!(
            count,
            0,
            "`{sign}` never came:\n{}",
            String::from_utf8_lossy(&bytes)
        );
        bytes.push(byte[0]);
    }
}

/// The whole lines of a page's shell code, with those that go on put together.
pub fn lines(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut goes_on = false;
    for line in text.lines() {
        match (goes_on, line.strip_suffix('\\')) {
            (true, begun) => {
                let last = lines.last_mut().unwrap();
                last.push_str(begun.unwrap_or(line).trim_start());
                goes_on = begun.is_some();
            }
            (false, Some(begun)) => {
                lines.push(begun.to_owned());
                goes_on = true;
            }
            (false, None) => lines.push(line.to_owned()),
        }
    }
    lines
}

pub fn page(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}
