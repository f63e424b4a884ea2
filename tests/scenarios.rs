//! Every scenario on every control plane that is installed, or on those that `REHEARSAL_CLUSTER` names.

use std::process::ExitCode;

fn main() -> ExitCode {
    rehearsal::harness::main(env!("CARGO_MANIFEST_DIR"))
}
