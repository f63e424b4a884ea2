//! The `rehearsal` program. Everything it does is in the library, so that `cargo test` can do it too.

use std::process::ExitCode;

/// JSON and YAML are many small texts: with the system's allocator a step is a third more work (`cargo bench`).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // The keeper of a cluster and the shim around its components are this program too, told by the environment.
    if let Some(code) = rehearsal::cluster::hook() {
        return code;
    }
    rehearsal::cli::main()
}
