//! Kubeconfigs with mistakes. Whatever is wrong with them, what is secret in them is not shown.

use libtest_mimic::{Failed, Trial};

use super::server::{SCENARIO, rehearse};
use super::support::Project;
use super::{compare, shown};

/// What is secret in all of them, and a part of all secrets.
const SECRET: &str = "very-secret";

/// Name, and what stands for the user `u` and around it.
pub(crate) const CASES: &[(&str, &str)] = &[
    (
        "kubeconfig-of-wrong-yaml",
        "clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1'}}]\nusers:\n- name: u\n  user:\n    token: very-secret\n   oops: x\n",
    ),
    (
        "kubeconfig-with-a-list-for-a-token",
        "clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1'}}]\nusers: [{name: u, user: {token: [very-secret]}}]\n",
    ),
    ("kubeconfig-with-a-text-for-users", "clusters: []\nusers: very-secret\n"),
    (
        "kubeconfig-with-a-line-break-in-a-token",
        "clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1'}}]\nusers: [{name: u, user: {token: \"very-secret\\nindeed\"}}]\n",
    ),
    (
        "kubeconfig-with-a-key-that-is-none",
        "clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1'}}]\nusers: [{name: u, user: {client-certificate-data: dmVyeS1zZWNyZXQ=, client-key-data: 'very-secret!'}}]\n",
    ),
    (
        "kubeconfig-with-a-password-in-the-address",
        "clusters: [{name: c, cluster: {server: 'https://me:very-secret@127.0.0.1:1'}}]\nusers: [{name: u, user: {token: very-secret}}]\n",
    ),
    (
        "kubeconfig-without-its-token-file",
        "clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1'}}]\nusers: [{name: u, user: {tokenFile: /nowhere/token}}]\n",
    ),
    (
        "kubeconfig-with-a-plug-in-that-fails",
        "clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1'}}]\nusers: [{name: u, user: {exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, command: sh, env: [{name: A_FIRST, value: very-secret}], args: [-c, 'echo very-secret; exit 3']}}}]\n",
    ),
    (
        "kubeconfig-with-a-plug-in-that-is-not-there",
        "clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1'}}]\nusers: [{name: u, user: {exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, command: /nowhere/plug-in, args: [very-secret]}}}]\n",
    ),
    ("kubeconfig-without-the-user", "clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1'}}]\nusers: []\n"),
    ("kubeconfig-without-the-cluster", "clusters: []\nusers: [{name: u, user: {token: very-secret}}]\n"),
];

pub(crate) fn trials() -> impl Iterator<Item = Trial> {
    CASES.iter().map(|&(name, text)| Trial::test(name, move || refused(name, text)))
}

fn refused(name: &str, text: &str) -> Result<(), Failed> {
    let project = Project::new();
    project.write("scenarios/sa.yaml", SCENARIO);
    let around = "apiVersion: v1\nkind: Config\ncontexts: [{name: test, context: {cluster: c, user: u}}]\n";
    project.write("kubeconfig", &format!("{around}{text}"));
    let ran = rehearse(&project, &["run"]);
    ran.exits(3).keeps_quiet_about(&[SECRET, "dmVyeS1zZWNyZXQ", "panicked"]);
    compare(name, shown(&ran, "127.0.0.1:PORT", &[]))
}
