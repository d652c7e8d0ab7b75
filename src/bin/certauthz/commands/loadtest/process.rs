//! Servers in processes of their own, and the signals that end this one.

use certauthz::store::Credentials;
use rustix::process::{Pid, Signal, kill_process};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    flag,
};
use std::{
    io::{self, BufRead as _, BufReader},
    os::unix::process::CommandExt as _,
    process::{Child, ChildStdin, Command, Stdio},
    sync::{Arc, atomic::AtomicBool},
};

/// A child process that serves. It ends when its standard input does, so it cannot outlive this process, however that
/// ends; one that is paused then is woken by the system, as its process group is orphaned.
pub(super) struct Process {
    child: Child,
    stdin: Option<ChildStdin>,
    paused: bool,
}

impl Process {
    /// Starts `certauthz serve` or another command that announces itself like that; also returns the URL it listens on.
    pub(super) fn start(credentials: &Credentials, arguments: &[&str]) -> io::Result<(Self, String)> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("--path")
            .arg(credentials.root())
            .args(arguments)
            .arg("--stop-with-stdin")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Ctrl-C is for the load test, which still wants answers to the requests that are under way.
            .process_group(0)
            .spawn()?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().ok_or_else(|| io::Error::other("it has no standard output"))?;
        let process = Self { child, stdin, paused: false };
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        match line.trim().strip_prefix("listening on ") {
            Some(url) => Ok((process, url.to_owned())),
            None => Err(io::Error::other("it ended before it listened")),
        }
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it without a chance to say goodbye.
    pub(super) fn kill(mut self) -> io::Result<()> {
        self.child.kill()?;
        self.child.wait().map(drop)
    }

    /// Stops it where it is: its connections stay open, the system accepts new ones, and nobody answers.
    pub(super) fn pause(&mut self) -> io::Result<()> {
        kill_process(Pid::from_child(&self.child), Signal::STOP)?;
        self.paused = true;
        Ok(())
    }

    /// Lets it go on.
    pub(super) fn resume(&mut self) -> io::Result<()> {
        kill_process(Pid::from_child(&self.child), Signal::CONT)?;
        self.paused = false;
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.paused
            && let Err(error) = self.resume()
        {
            tracing::warn!("waking the server: {error}");
        }
        drop(self.stdin.take());
        // It drains for 10 seconds at most.
        if let Err(error) = self.child.wait() {
            tracing::warn!("waiting for the server: {error}");
        }
    }
}

/// Set by the first signal that asks for the end, so that the temporary world is removed; the second ends the process.
pub(super) fn interrupt_flag() -> io::Result<Arc<AtomicBool>> {
    let interrupted = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        // In this order: the flag that the first signal sets must not end the process yet.
        flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&interrupted))?;
        flag::register(signal, Arc::clone(&interrupted))?;
    }
    Ok(interrupted)
}
