//! A running `dxa run` beside a scene: what it says is read as it says it, and waited for with a deadline.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::net::letters;
use super::scene::Scene;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// What a process has said so far.
#[derive(Default)]
struct Said {
    lines: Mutex<Vec<String>>,
    more: Condvar,
}

/// A running service, which is killed with the value.
pub(crate) struct Service {
    child: Child,
    said: Arc<Said>,
    /// Lines that were waited for.
    read: usize,
}

impl Service {
    /// Starts it and waits until it says so.
    pub(super) fn start(scene: &Scene) -> Self {
        let mut service = Self::spawn(scene, "run");
        service.wait_for("service started");
        service
    }

    pub(super) fn spawn(scene: &Scene, line: &str) -> Self {
        Self::of(scene.command(line))
    }

    pub(crate) fn of(mut command: Command) -> Self {
        // It lives in the time that there is.
        command.env_remove("DIRSYNC_NOW");
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it runs");
        let said = Arc::new(Said::default());
        let output = child.stdout.take().expect("a pipe");
        let heard = Arc::clone(&said);
        thread::spawn(move || {
            for line in BufReader::new(output).lines() {
                let line = line.expect("text");
                heard.lines.lock().expect("nobody panicked").push(line);
                heard.more.notify_all();
            }
        });
        Self {
            child,
            said,
            read: 0,
        }
    }

    /// Waits for a line behind those that were waited for before, and returns it.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, part: &str) -> String {
        let begin = Instant::now();
        let mut lines = self.said.lines.lock().expect("nobody panicked");
        loop {
            if let Some(at) = lines[self.read..]
                .iter()
                .position(|line| line.contains(part))
            {
                self.read += at + 1;
                return lines[self.read - 1].clone();
            }
            let Some(left) = PATIENCE.checked_sub(begin.elapsed()) else {
                panic!("{part:?} was not said, but:\n{}", lines.join("\n"));
            };
            let waited = self
                .said
                .more
                .wait_timeout(lines, left.min(Duration::from_secs(1)));
            lines = waited.expect("nobody panicked").0;
            let ended = self.child.try_wait().expect("asked");
            if let (Some(ended), true) = (ended, lines.len() == self.read) {
                let mut errors = String::new();
                let stderr = self.child.stderr.as_mut().expect("a pipe");
                stderr.read_to_string(&mut errors).expect("text");
                panic!("it ended with {ended} before it said {part:?}: {errors}");
            }
        }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("it is our child");
        if signal == Signal::KILL {
            return;
        }
        // Until the process has taken it, so that what comes next comes later.
        wait_until("the signal is taken", || {
            let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()));
            let Ok(status) = status else { return true };
            let pending = status.lines().find_map(|line| line.strip_prefix("ShdPnd:"));
            pending.is_none_or(|mask| mask.trim().bytes().all(|digit| digit == b'0'))
        });
    }

    /// Waits for its end, and returns the exit code and what it said.
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        let ended = self.child.wait().expect("it ended");
        // The last lines come with the end of the pipe.
        let only = || Arc::strong_count(&self.said) == 1;
        wait_until("everything is read", only);
        let lines = self.said.lines.lock().expect("nobody panicked");
        (ended.code(), lines.join("\n"))
    }

    /// Asks it to stop, and expects that it does so well; returns what it said.
    #[track_caller]
    pub(crate) fn stop(self) -> String {
        self.signal(Signal::TERM);
        let (exit, said) = self.end();
        assert_eq!(exit, Some(0), "{said}");
        said
    }

    /// Kills it where it stands.
    pub(super) fn kill(self) {
        self.signal(Signal::KILL);
        assert_eq!(self.end().0, None);
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}

/// Waits until something holds.
#[track_caller]
pub(crate) fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < PATIENCE, "not so: {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// Adds settings of the agent to the configuration.
pub(super) fn set_agent(scene: &Scene, settings: &str) {
    let text = fs::read_to_string(scene.config()).expect("readable");
    let text = text.replacen(
        "data = \"data\"\n",
        &format!("data = \"data\"\n{settings}\n"),
        1,
    );
    fs::write(scene.config(), text).expect("written");
}

/// Removes the messages that were sent.
pub(super) fn carry_away(scene: &Scene) {
    for letter in letters(scene, "P1/new") {
        fs::remove_file(letter.path).expect("removed");
    }
}

/// A requestor that looks every second and has done its T1 of this week.
pub(super) fn quiet() -> Scene {
    let scene = Scene::new();
    scene.configure("every = 604800");
    set_agent(&scene, "poll = 1");
    let mut cycle = scene.command("cycle");
    let output = cycle.env_remove("DIRSYNC_NOW").output().expect("it runs");
    assert!(output.status.success(), "{output:?}");
    carry_away(&scene);
    scene
}
