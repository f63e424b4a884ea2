//! What users read when a scenario is wrong: each case in `tests/bad/` and, beside it, the text it must give.
//!
//! A case is a file `NAME.yaml`, with manifests in the folder `NAME/` if it needs any, or a folder `NAME/` of scenarios.
//! `SNAPSHOTS=overwrite cargo test --test bad_input` writes the texts again; read each one as its user would.

use std::collections::BTreeSet;
use std::process::ExitCode;

use camino::Utf8PathBuf;
use libtest_mimic::{Arguments, Failed, Trial};
use rehearsal::scenario;
use snapbox::{Assert, Data};

const CASES: &str = "tests/bad";

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let tests = names().into_iter().map(|name| Trial::test(name.clone(), move || check(&name))).collect();
    libtest_mimic::run(&arguments, tests).exit_code()
}

/// The names of all cases, and of texts whose case is gone.
fn names() -> BTreeSet<String> {
    let entries = Utf8PathBuf::from(CASES).read_dir_utf8().into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.path().file_stem().map(str::to_owned)).collect()
}

fn check(name: &str) -> Result<(), Failed> {
    let file = Utf8PathBuf::from(format!("{CASES}/{name}.yaml"));
    let path = if file.exists() { file } else { Utf8PathBuf::from(format!("{CASES}/{name}")) };
    let Err(mistakes) = scenario::load(&[path]) else { return Err("no mistake was found".into()) };
    let expected = Data::read_from(format!("{CASES}/{name}.stderr").as_ref(), None);
    let assert = Assert::new().action_env("SNAPSHOTS").normalize_paths(false);
    assert.try_eq(Some(&name), Data::text(mistakes.render(false)), expected).map_err(|error| error.to_string().into())
}
