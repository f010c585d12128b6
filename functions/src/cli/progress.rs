//! How far a solve is, live on standard error; nothing where that is no terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use portolan::problem::Snapshot;

/// A line that is written over again and again.
pub(super) struct Live {
    bar: ProgressBar,
}

impl Live {
    pub(super) fn new(is_quiet: bool) -> Self {
        // Hidden by itself where standard error is no terminal.
        let target = if is_quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed:>4}  {msg}") {
            bar.set_style(style);
        }
        bar.set_message("looking for a first plan");
        bar.enable_steady_tick(Duration::from_millis(100));
        Self { bar }
    }

    pub(super) fn show(&self, snapshot: &Snapshot<'_>) {
        self.bar.set_message(format!(
            "incumbent {}  lower bound {}  gap {:.2} %  {} ticks",
            snapshot.objective,
            snapshot.lower_bound,
            snapshot.gap * 100.0,
            snapshot.ticks
        ));
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
