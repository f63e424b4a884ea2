//! Whether something that is going on is to end early.

use std::sync::Arc;

use rustix::process::{Signal, getpid, kill_process};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Whether a run is to end early, clean-up included.
pub(crate) struct Stop {
    asked: Arc<watch::Sender<bool>>,
    listening: tokio::task::JoinHandle<()>,
}

impl Drop for Stop {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Stop {
    /// Asked for with the first Ctrl-C or SIGTERM. The second ends the process at once: whoever asks twice means it, and
    /// what is left behind is found by `cluster gc`.
    pub(crate) fn on_signals() -> Self {
        let asked = Arc::new(watch::Sender::new(false));
        let ask = Arc::clone(&asked);
        let listening = tokio::spawn(async move {
            let Ok(mut terminate) = signal(SignalKind::terminate()) else { return };
            loop {
                tokio::select! {
                    _ = tokio::signal::ctrl_c() => {}
                    _ = terminate.recv() => {}
                }
                if ask.send_replace(true) {
                    kill_process(getpid(), Signal::KILL).unwrap_or(());
                }
            }
        });
        Self { asked, listening }
    }

    pub(crate) fn ask(&self) {
        self.asked.send_replace(true);
    }

    pub(crate) fn is_asked(&self) -> bool {
        *self.asked.borrow()
    }

    pub(crate) fn heard(&self) -> watch::Receiver<bool> {
        self.asked.subscribe()
    }
}
