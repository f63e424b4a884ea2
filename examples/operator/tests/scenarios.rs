//! Every scenario on every control plane that is installed, or on those that `REHEARSAL_CLUSTER` names.

rehearsal::harness!();
