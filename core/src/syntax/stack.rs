//! Room for what goes down level by level: the parser and the evaluation of CEL take a lot of stack for each.

use std::io;
use std::thread::Builder;

/// Does the work with so many bytes of stack, on a thread of its own.
pub(super) fn with<T: Send>(bytes: usize, work: impl FnOnce() -> T + Send) -> io::Result<T> {
    /// For whatever else there is.
    const BESIDES: usize = 1 << 20;
    std::thread::scope(|scope| {
        let thread = Builder::new().stack_size(bytes + BESIDES).spawn_scoped(scope, work)?;
        thread.join().or_else(|panic| std::panic::resume_unwind(panic))
    })
}
