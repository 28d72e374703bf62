//! What is being checked, on standard error: a bar on a terminal, else a line now and then once it
//! has taken some seconds.

use std::cell::{Cell, RefCell};
use std::fmt::Write;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

/// Without a terminal nothing is said before, and nothing more often.
const QUIET: Duration = Duration::from_secs(2);

fn rate(state: &ProgressState, out: &mut dyn Write) {
    // A bar that can't be drawn is no reason to stop.
    let _ = write!(out, "{:.0}", state.per_sec());
}

/// Progress in lines looked at.
pub(super) struct Progress {
    bar: ProgressBar,
    is_terminal: bool,
    doing: RefCell<String>,
    said: Cell<Instant>,
}

impl Progress {
    pub fn new() -> Self {
        let is_terminal = std::io::stderr().is_terminal();
        let target = match is_terminal {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        };
        let bar = ProgressBar::with_draw_target(None, target);
        let style = ProgressStyle::with_template(
            "{bar:30} {percent:>3}%  {msg}, {rate} lines a second, {eta} left",
        );
        Self {
            bar: match style {
                Ok(style) => bar.with_style(style.with_key("rate", rate)),
                Err(_) => bar,
            },
            is_terminal,
            doing: RefCell::default(),
            said: Cell::new(Instant::now()),
        }
    }

    /// Lines that will be looked at in all.
    pub fn set_total(&self, lines: u64) {
        self.bar.set_length(lines.max(1));
        self.bar.reset_eta();
    }

    /// What is looked at now.
    pub fn doing(&self, what: &str) {
        what.clone_into(&mut self.doing.borrow_mut());
        self.bar.set_message(what.to_owned());
        self.tick();
    }

    /// Lines were looked at.
    pub fn add(&self, lines: u64) {
        self.bar.inc(lines);
        self.tick();
    }

    /// It goes on.
    pub fn tick(&self) {
        if self.is_terminal {
            self.bar.tick();
        } else if self.said.get().elapsed() >= QUIET {
            self.said.set(Instant::now());
            let share = 100 * self.bar.position() / self.bar.length().unwrap_or(1).max(1);
            eprintln!("{share:>3} %  {}", self.doing.borrow());
        }
    }

    /// Nothing is left to look at.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
