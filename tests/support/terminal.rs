//! A terminal with somebody at it, who reads what is asked and then types.
use std::{
    fs::{File, OpenOptions},
    io::{Read, Write},
    process::{Child, Command, Stdio},
    sync::{Arc, Condvar, Mutex},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use rustix::{
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize},
};

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Terminal {
    keyboard: File,
    screen: Arc<(Mutex<String>, Condvar)>,
    child: Child,
    reader: JoinHandle<()>,
}

fn winsize(rows: u16, columns: u16) -> Winsize {
    Winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    }
}

impl Terminal {
    /// Starts a program whose standard input and error are the terminal; its output is kept apart.
    pub fn start(mut command: Command) -> Self {
        command.stdout(Stdio::piped());
        Self::of_size(command, None)
    }

    /// Starts a program that has nothing but the terminal, of so many rows and columns.
    pub fn sized(command: Command, rows: u16, columns: u16) -> Self {
        Self::of_size(command, Some((rows, columns)))
    }

    fn of_size(mut command: Command, size: Option<(u16, u16)>) -> Self {
        let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&controller).unwrap();
        unlockpt(&controller).unwrap();
        let name = ptsname(&controller, Vec::new()).unwrap().into_string().unwrap();
        let side = || OpenOptions::new().read(true).write(true).open(&name).unwrap();
        if let Some((rows, columns)) = size {
            tcsetwinsize(&controller, winsize(rows, columns)).unwrap();
            command.stdout(side());
        }
        let child = command.stdin(side()).stderr(side()).spawn().unwrap();
        // It keeps the terminal open, whose end is the end of the program.
        drop(command);
        let keyboard = File::from(controller);
        let screen = Arc::new((Mutex::new(String::new()), Condvar::new()));
        let (mut glass, shown) = (keyboard.try_clone().unwrap(), screen.clone());
        let reader = thread::spawn(move || {
            let mut bytes = [0; 4096];
            // The end of the last program at a terminal reads as an error on Linux.
            while let Ok(count @ 1..) = glass.read(&mut bytes) {
                shown
                    .0
                    .lock()
                    .unwrap()
                    .push_str(&String::from_utf8_lossy(&bytes[..count]));
                shown.1.notify_all();
            }
        });
        Self {
            keyboard,
            screen,
            child,
            reader,
        }
    }

    /// Waits until this is to be read, and answers with a line.
    pub fn answer(&mut self, question: &str, line: &str) {
        self.wait_for(question);
        self.keyboard.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    /// The same for what is not shown while it is typed. What is typed before the terminal hides it is
    /// thrown away, so that is waited for; and after the question, since the one before hides its keys too.
    pub fn answer_hidden(&mut self, question: &str, line: &str) {
        self.wait_for(question);
        let shows = || {
            let modes = tcgetattr(&self.keyboard).unwrap().local_modes;
            modes.contains(LocalModes::ECHO)
        };
        let deadline = Instant::now() + PATIENCE;
        while shows() {
            assert!(Instant::now() < deadline, "nobody asked {question} in secret");
            thread::sleep(Duration::from_millis(10));
        }
        self.answer(question, line);
    }

    /// Types these keys.
    pub fn keys(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Gives the terminal another size, and has the program know it.
    pub fn resize(&self, rows: u16, columns: u16) {
        tcsetwinsize(&self.keyboard, winsize(rows, columns)).unwrap();
        let pid = self.child.id().to_string();
        let told = Command::new("kill").args(["-WINCH", &pid]).status().unwrap();
        assert!(told.success());
    }

    /// Waits until this was shown, and returns all that was.
    pub fn shown(&self, text: &str) -> String {
        self.wait_for(text);
        self.screen.0.lock().unwrap().clone()
    }

    /// Ends a program that would go on.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn wait_for(&self, question: &str) {
        let screen = self.screen.0.lock().unwrap();
        let (screen, waited) = self
            .screen
            .1
            .wait_timeout_while(screen, PATIENCE, |text| !text.contains(question))
            .unwrap();
        assert!(!waited.timed_out(), "{question} was never shown:\n{screen}");
    }

    /// Waits for the program's end. Returns its exit code, its output and what the screen showed.
    pub fn ended(mut self) -> (Option<i32>, String, String) {
        let deadline = Instant::now() + PATIENCE;
        while self.child.try_wait().unwrap().is_none() {
            if Instant::now() > deadline {
                self.child.kill().unwrap();
                panic!("it still waits:\n{}", self.screen.0.lock().unwrap());
            }
            thread::sleep(Duration::from_millis(10));
        }
        let mut stdout = String::new();
        self.child
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut stdout)
            .unwrap();
        let code = self.child.wait().unwrap().code();
        // It ends with the last one who has the terminal open.
        self.reader.join().unwrap();
        let screen = self.screen.0.lock().unwrap().clone();
        (code, stdout, screen)
    }
}
