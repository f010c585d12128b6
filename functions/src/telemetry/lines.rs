//! Log lines on their way to standard error: gathered in memory and written many at a time, by a thread of their own. A request
//! waits for no disk and no pipe on account of its log line.
//!
//! A warning is written at once, with all that is before it. Where standard error takes no more, lines are dropped rather than kept
//! without end, and their number is written when it goes on. A process that is killed loses what it gathered in the last
//! [`PAUSE`].

use std::io::Write;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// How long lines are gathered.
const PAUSE: Duration = Duration::from_millis(20);
/// Bytes that are gathered at most.
const MOST: usize = 4 << 20;

/// Where lines are gathered.
pub(super) struct Lines {
    gathered: Mutex<Gathered>,
    some: Condvar,
    /// Held while lines are written, so that they stay in order.
    output: Mutex<Vec<u8>>,
    at_once: bool,
}

#[derive(Default)]
struct Gathered {
    text: Vec<u8>,
    dropped: usize,
}

impl Lines {
    /// Starts the thread that writes; none where each line is written at once. It lives as long as the process.
    pub(super) fn start(gathered: bool) -> &'static Self {
        let lines = Box::leak(Box::new(Self {
            gathered: Mutex::default(),
            some: Condvar::new(),
            output: Mutex::default(),
            at_once: !gathered,
        }));
        let lines: &'static Self = lines;
        if gathered {
            let written = std::thread::Builder::new().name("log".to_owned()).spawn(|| lines.write_on());
            if written.is_err() {
                // Without a thread each line would stay; a process that gets none has other troubles.
                eprintln!("the system gives no thread for the log");
            }
        }
        lines
    }

    /// Adds lines.
    pub(super) fn append(&self, write: impl FnOnce(&mut Vec<u8>)) {
        let mut gathered = self.lock();
        if gathered.text.len() > MOST {
            gathered.dropped += 1;
            return;
        }
        let first = gathered.text.is_empty();
        write(&mut gathered.text);
        drop(gathered);
        if self.at_once {
            self.flush();
        } else if first {
            self.some.notify_one();
        }
    }

    /// Writes what was gathered.
    pub(super) fn flush(&self) {
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        let dropped = {
            let mut gathered = self.lock();
            std::mem::swap(&mut gathered.text, &mut output);
            std::mem::take(&mut gathered.dropped)
        };
        let mut error = std::io::stderr().lock();
        // Where even this fails there is nobody to tell.
        let _ = error.write_all(&output);
        if dropped > 0 {
            let _ =
                writeln!(error, "{{\"level\":\"WARN\",\"message\":\"log lines were dropped\",\"count\":{dropped}}}");
        }
        output.clear();
    }

    fn write_on(&self) {
        loop {
            let mut gathered = self.lock();
            while gathered.text.is_empty() {
                gathered = self.some.wait(gathered).unwrap_or_else(PoisonError::into_inner);
            }
            drop(gathered);
            std::thread::sleep(PAUSE);
            self.flush();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Gathered> {
        self.gathered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One event's text.
pub(super) struct Line {
    lines: &'static Lines,
    at_once: bool,
    text: Vec<u8>,
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.lines.append(|text| text.extend_from_slice(&self.text));
        if self.at_once {
            self.lines.flush();
        }
    }
}

impl<'a> MakeWriter<'a> for &'static Lines {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line { lines: self, at_once: false, text: Vec::new() }
    }

    fn make_writer_for(&'a self, about: &Metadata<'_>) -> Line {
        Line { lines: self, at_once: *about.level() <= Level::WARN, text: Vec::new() }
    }
}
