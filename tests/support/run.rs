//! Runs the plugin as a person does, without a cluster: arguments in, exit code and text out.

use std::{
    path::Path,
    process::{Command, Stdio},
};

/// One run of the plugin, to be asserted on.
pub struct Run {
    command: Command,
}

/// What came of it.
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    /// `kubectl b2i …`, with an environment of its own: no kubeconfig, no configuration.
    pub fn new(line: &str) -> Self {
        Self::of(Path::new(env!("CARGO_BIN_EXE_kubectl-b2i")), line)
    }

    /// The same of a program that lies elsewhere.
    pub fn of(program: &Path, line: &str) -> Self {
        let mut command = Command::new(program);
        command
            .args(line.split_whitespace())
            .stdin(Stdio::null())
            .env_clear();
        command
            .env("KUBECONFIG", "/nonexistent/kubeconfig")
            .env("HOME", "/nonexistent")
            .env("B2I_CACHE", "off");
        Self { command }
    }

    /// The same in at most so many bytes of memory of its own: heap, stacks and what else it writes to.
    /// With more the program is ended by a signal.
    pub fn bounded(line: &str, bytes: u64) -> Self {
        let mut run = Self::new(line);
        let program = run.command.get_program().to_owned();
        let args: Vec<_> = run.command.get_args().map(ToOwned::to_owned).collect();
        let mut command = Command::new("sh");
        command
            .args(["-c", &format!("ulimit -d {} && exec \"$0\" \"$@\"", bytes >> 10)])
            .arg(program)
            .args(args)
            .stdin(Stdio::null())
            .env_clear()
            .env("KUBECONFIG", "/nonexistent/kubeconfig")
            .env("HOME", "/nonexistent")
            .env("PATH", "/usr/bin:/bin")
            // As on a machine of few cores: each thread has a stack.
            .env("TOKIO_WORKER_THREADS", "2");
        run.command = command;
        run
    }

    /// One more argument, spaces and all.
    pub fn word(mut self, word: &str) -> Self {
        self.command.arg(word);
        self
    }

    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Pipes a file into it.
    pub fn piped(mut self, file: &Path) -> Self {
        self.command.stdin(std::fs::File::open(file).unwrap());
        self
    }

    pub fn in_folder(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// The command itself, for what does not end.
    pub fn command(self) -> Command {
        self.command
    }

    pub fn ended(mut self) -> Ended {
        let output = self.command.output().unwrap();
        Ended {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// It must end with this code, nothing on stdout, and exactly this on stderr.
    pub fn fails(self, code: i32, stderr: &str) {
        let ended = self.ended();
        assert_eq!(ended.stderr, stderr);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(code), ""));
    }
}
