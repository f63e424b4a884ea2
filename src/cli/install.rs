//! `rehearsal cluster install`, `list` and `remove`: the control planes on this disk.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::Environment;
use super::cluster::CommandError;
use crate::cluster::{
    self, Assets, Home, InstallError, InstallStep, Installation, Installer, Mirror, Provider, Release, Running, Stored,
};

/// Which control planes to install, and from where.
#[derive(Debug, Args)]
pub(super) struct InstallArgs {
    /// Which: `v1.36`, the newest patch of it, or exactly `v1.36.3`.
    #[arg(value_name = "VERSION")]
    releases: Vec<Release>,
    /// Copy the programs of a folder instead: kube-apiserver, kube-controller-manager, kube-scheduler, kubectl and etcd.
    /// They are asked for their versions. Where nothing else is named, the folder that `KUBEBUILDER_ASSETS` names.
    #[arg(long, value_name = "DIR", conflicts_with = "build")]
    from: Option<PathBuf>,
    /// Build them from the published Go modules instead: takes Go, a clone of the project, and 5 minutes for each.
    #[arg(long)]
    build: bool,
    /// Download from a server that has what dl.k8s.io and github.com have, under the same paths: also set by
    /// `REHEARSAL_MIRROR`, where alone a name and a password may stand in it.
    #[arg(long, value_name = "URL")]
    mirror: Option<String>,
}

/// Which control planes to remove.
#[derive(Debug, Args)]
pub(super) struct RemoveArgs {
    /// Which: `v1.36`, all patches of it, or exactly `v1.36.3`.
    #[arg(value_name = "VERSION", required_unless_present = "all")]
    releases: Vec<Release>,
    /// All that are installed.
    #[arg(long, conflicts_with = "releases")]
    all: bool,
    /// Also if a cluster of it is up or in use, which then ends.
    #[arg(long)]
    now: bool,
}

/// Installs what was named, each version unless it is there.
pub(super) async fn install(
    args: InstallArgs,
    environment: &Environment,
    out: &mut impl Write,
    err: &mut impl Write,
) -> Result<(), CommandError> {
    let mut installer = Installer::new(Home::from_env()?);
    if let Some(mirror) = mirror(args.mirror.as_deref(), environment)? {
        installer.mirror = mirror;
    }
    let is_named = !args.releases.is_empty() || args.build;
    let folder = args.from.or_else(|| environment.kubebuilder_assets.clone().filter(|_| !is_named));
    if let Some(folder) = folder {
        let wanted = match args.releases.as_slice() {
            [] => None,
            [wanted] => Some(wanted),
            _ => return Err(CommandError::OneVersion),
        };
        let copied = following(&mut installer, err, async |installer| installer.copy(&folder, wanted).await).await?;
        return say(&copied, out);
    }
    if args.releases.is_empty() {
        return Err(CommandError::NoVersion);
    }
    if args.build {
        for release in args.releases {
            let built = following(&mut installer, err, async |installer| installer.build(&release).await).await?;
            say(&built, out)?;
        }
        return Ok(());
    }
    // All are looked up before the first is downloaded: minutes later is late for a wrong one.
    let mut versions = Vec::new();
    for release in &args.releases {
        let version = following(&mut installer, err, async |installer| installer.find(release).await).await?;
        if !versions.contains(&version) {
            versions.push(version);
        }
    }
    for version in versions {
        let downloaded = following(&mut installer, err, async |installer| installer.download(&version).await).await?;
        say(&downloaded, out)?;
    }
    Ok(())
}

fn mirror(argument: Option<&str>, environment: &Environment) -> Result<Option<Mirror>, CommandError> {
    let Some(argument) = argument else {
        return environment.mirror.clone().transpose().map_err(CommandError::Mirror);
    };
    let mirror: Mirror = argument.parse().map_err(CommandError::Mirror)?;
    if mirror.has_credentials() { Err(CommandError::PasswordInArguments) } else { Ok(Some(mirror)) }
}

fn say(installation: &Installation, out: &mut impl Write) -> Result<(), CommandError> {
    let Installation { assets, was_there } = installation;
    let (version, etcd, folder) = (&assets.version, &assets.etcd, assets.folder.display());
    let size = HumanBytes(assets.size()?);
    let how = if *was_there { "is installed already" } else { "installed" };
    Ok(writeln!(out, "{version} {how}, with etcd {etcd}: {size} in {folder}")?)
}

/// Does something of an installer and shows what takes time.
async fn following<T>(
    installer: &mut Installer,
    err: &mut impl Write,
    work: impl AsyncFnOnce(&Installer) -> Result<T, InstallError>,
) -> Result<T, CommandError> {
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    installer.progress = Some(Arc::new(move |step| drop(tell.send(step))));
    let mut shown = Shown::default();
    let done = {
        let working = work(installer);
        tokio::pin!(working);
        loop {
            tokio::select! {
                biased;
                Some(step) = told.recv() => shown.step(&step, err)?,
                done = &mut working => break done,
            }
        }
    };
    while let Ok(step) = told.try_recv() {
        shown.step(&step, err)?;
    }
    shown.bar.finish_and_clear();
    Ok(done?)
}

/// What was shown of the steps: a line for each, and how far a download is where there is a terminal.
struct Shown {
    bar: ProgressBar,
    is_terminal: bool,
    /// What was said last, which is not said again for each byte.
    last: String,
}

impl Default for Shown {
    fn default() -> Self {
        let is_terminal = std::io::stderr().is_terminal();
        let bar = if is_terminal { ProgressBar::no_length() } else { ProgressBar::hidden() };
        if let Ok(style) =
            ProgressStyle::with_template("{spinner} {msg} {bar:30} {bytes}/{total_bytes}, {bytes_per_sec}")
        {
            bar.set_style(style);
        }
        Self { bar, is_terminal, last: String::new() }
    }
}

impl Shown {
    fn step(&mut self, step: &InstallStep, err: &mut impl Write) -> std::io::Result<()> {
        let text = match step {
            InstallStep::Asking { what } => format!("asking {what}"),
            InstallStep::Waiting { version } => format!("waiting for another installation of {version}"),
            InstallStep::Copying { program } => format!("copying {program}"),
            InstallStep::Building { said } => said.clone(),
            InstallStep::Downloading { file, .. } => format!("downloading {file}"),
        };
        let is_new = text != self.last;
        if let InstallStep::Downloading { file, done, total } = step
            && self.is_terminal
        {
            if is_new {
                self.bar.reset();
                self.bar.set_message(file.clone());
                self.bar.enable_steady_tick(Duration::from_millis(100));
            }
            self.bar.set_length(total.unwrap_or(*done));
            self.bar.set_position(*done);
        } else if is_new {
            self.bar.suspend(|| writeln!(err, "{text}{}", amount(step)))?;
        }
        self.last = text;
        Ok(())
    }
}

/// How much a download is: `, 120.00 MiB, of which 60.00 MiB are there`.
fn amount(step: &InstallStep) -> String {
    let InstallStep::Downloading { done, total: Some(total), .. } = step else { return String::new() };
    let total = HumanBytes(*total);
    if *done == 0 { format!(", {total}") } else { format!(", {total}, of which {} are there", HumanBytes(*done)) }
}

/// What is installed, for programs.
pub(super) fn installed(home: &Home) -> Result<Vec<Value>, CommandError> {
    let about = |it: &Assets| -> Result<Value, CommandError> {
        let (version, bytes) = (it.version.to_string(), it.size()?);
        Ok(json!({"version": version, "etcd": it.etcd, "folder": it.folder, "bytes": bytes}))
    };
    cluster::installed(home)?.iter().map(about).collect()
}

/// Lists what is installed, and what is begun.
pub(super) fn list(running: &[Running], home: &Home, out: &mut impl Write) -> Result<(), CommandError> {
    let installed = cluster::installed(home)?;
    if installed.is_empty() {
        writeln!(out, "no control plane is installed; install one: rehearsal cluster install v1.36")?;
    }
    for it in &installed {
        let is_it = |of: &&Running| of.provider == Provider::Local && of.version == it.version.to_string();
        let state = running.iter().find(is_it).map_or("installed", |_| "runs");
        let (version, size) = (it.version.to_string(), HumanBytes(it.size()?).to_string());
        writeln!(out, "{version:<10} etcd {:<8} {state:<9} {size:>10} {}", it.etcd, it.folder.display())?;
    }
    for it in cluster::stored(home)?.iter().filter(|it| !it.is_installed) {
        let (version, size) = (it.version.to_string(), HumanBytes(it.size()?).to_string());
        writeln!(out, "{version:<10} {:<13} begun     {size:>10} install it again to go on, or remove it", "")?;
    }
    Ok(())
}

/// Removes what was named, and says what that frees.
pub(super) async fn remove(args: RemoveArgs, out: &mut impl Write) -> Result<(), CommandError> {
    let home = Home::from_env()?;
    let stored = cluster::stored(&home)?;
    let mut chosen: Vec<&Stored> = if args.all { stored.iter().collect() } else { Vec::new() };
    for release in args.releases {
        let before = chosen.len();
        chosen.extend(stored.iter().filter(|it| it.is(&release) && !chosen.contains(it)).collect::<Vec<_>>());
        if chosen.len() == before && !chosen.iter().any(|it| it.is(&release)) {
            let versions: Vec<String> = stored.iter().map(|it| it.version.to_string()).collect();
            let installed =
                if versions.is_empty() { "nothing is".to_owned() } else { format!("{} are", versions.join(", ")) };
            return Err(CommandError::NotInstalled { release, installed });
        }
    }
    if chosen.is_empty() {
        writeln!(out, "nothing is installed")?;
    }
    for it in chosen {
        let freed = cluster::remove(&home, it, args.now).await?;
        writeln!(out, "removed {}, which frees {} ({freed} bytes)", it.version, HumanBytes(freed))?;
    }
    Ok(())
}
