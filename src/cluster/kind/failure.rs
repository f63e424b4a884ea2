//! What kind and its engine say when something goes wrong, told apart by what a person can do about it.

use super::tools::KindError;

/// Why a cluster was not made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cluster) struct Cause {
    /// What happened.
    pub reason: String,
    /// What to do.
    pub help: Option<String>,
}

/// Words of a program, what they mean, and what to do.
struct Known {
    said: &'static str,
    reason: &'static str,
    help: &'static str,
}

/// The words are those of kind v0.20 to v0.33, Docker and Podman.
const KNOWN: [Known; 11] = [
    Known {
        said: "node(s) already exist for a cluster with the name",
        reason: "kind has a cluster of that name, which this program did not make; it was left alone",
        help: "if a killed run of yours left it, `rehearsal cluster gc` says so and removes it; else look at \
               `kind get clusters`",
    },
    Known {
        said: "failed to pull image",
        reason: "the node image is not there and cannot be pulled",
        help: "see that the network lets the engine reach the image's registry, or name an image that is there: \
               --node-image IMAGE:vX.Y.Z",
    },
    Known {
        said: "no space left on device",
        reason: "the disk of the container engine is full",
        help: "look at `docker system df`; `docker system prune` frees what nobody uses",
    },
    Known {
        said: "port is already allocated",
        reason: "somebody took the port that kind had chosen",
        help: "run it again: each time another one is chosen",
    },
    Known {
        said: "address already in use",
        reason: "somebody took the port that kind had chosen",
        help: "run it again: each time another one is chosen",
    },
    Known { said: "permission denied while trying to connect", reason: PERMISSION, help: PERMISSION_HELP },
    Known {
        said: "dial unix /var/run/docker.sock: connect: permission denied",
        reason: PERMISSION,
        help: PERMISSION_HELP,
    },
    Known {
        said: "cannot connect to the docker daemon",
        reason: "no container engine answers",
        help: "start it, as with `systemctl start docker`, or set DOCKER_HOST to where it listens",
    },
    Known {
        said: "cannot connect to podman",
        reason: "no container engine answers",
        help: "start it, as with `podman machine start`, or set CONTAINER_HOST to where it listens",
    },
    Known {
        said: "could not find a log line that matches",
        reason: "the node did not start",
        help: "the image may be too new for this machine (from v1.35 on nodes need cgroup v2) or too old for this kind",
    },
    Known {
        said: "failed to init node with kubeadm",
        reason: "kubeadm could not start the control plane",
        help: "a component may refuse a feature gate or a flag that the scenario asks for; the logs of the node say which",
    },
];

const PERMISSION: &str = "this user may not use the container engine";
const PERMISSION_HELP: &str = "add the user to the group `docker` and log in again, or use a rootless engine";

/// What the output of a program means.
pub(super) fn explain(output: &str) -> Cause {
    let said = output.to_lowercase();
    if let Some(known) = KNOWN.iter().find(|known| said.contains(known.said)) {
        return Cause { reason: known.reason.to_owned(), help: Some(known.help.to_owned()) };
    }
    Cause { reason: last_word(output), help: None }
}

/// The line that says why, without its mark.
fn last_word(output: &str) -> String {
    let lines = || output.lines().map(str::trim).filter(|line| !line.is_empty());
    let error = lines().find_map(|line| line.strip_prefix("ERROR: "));
    error.or_else(|| lines().next_back()).unwrap_or("it said nothing").to_owned()
}

impl From<KindError> for Cause {
    fn from(error: KindError) -> Self {
        let help = miette::Diagnostic::help(&error).map(|help| help.to_string());
        Self { reason: error.to_string(), help }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_done_about_is_told_apart() {
        let output = "Creating cluster \"x\" ...\n \u{2717} Ensuring node image\nERROR: failed to create cluster: \
                      failed to pull image \"kindest/node:v9\": command \"docker pull kindest/node:v9\" failed";
        assert!(explain(output).help.unwrap().contains("--node-image"));
        let output = "Got permission denied while trying to connect to the Docker daemon socket";
        assert_eq!(explain(output).reason, PERMISSION);
        let output = "failed to copy: write /var/lib/docker/tmp/x: no space left on device";
        assert!(explain(output).reason.contains("full"));
    }

    #[test]
    fn what_nobody_knows_is_said_as_it_came() {
        let output = "Creating cluster\nERROR: failed to create cluster: something new\n\nStack Trace:\nx\n";
        assert_eq!(explain(output), Cause { reason: "failed to create cluster: something new".into(), help: None });
        assert_eq!(explain("").reason, "it said nothing");
    }
}
