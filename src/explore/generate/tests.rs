//! What any sequence must be, whatever was drawn.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::super::fill::references;
use super::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_seed_gives_one_sequence_and_nothing_of_others(seed: u64, number in 0usize..1000) {
        let drawn = sequence(seed, number, 40);
        prop_assert_eq!(drawn.len(), 40);
        prop_assert_eq!(&drawn, &sequence(seed, number, 40));
        prop_assert_ne!(&drawn, &sequence(seed, number + 1, 40));
        prop_assert_eq!(drawn.iter().map(|call| call.id).collect::<Vec<_>>(), (0..40).collect::<Vec<_>>());
    }

    #[test]
    fn nothing_of_others_is_ever_touched(seed: u64) {
        for call in sequence(seed, 0, 60) {
            prop_assert!(!call.is_loose(), "{call}");
            let is_object = call.body.as_ref().is_some_and(|body| body["metadata"].is_object());
            if call.verb == Verb::Create && !call.kind.namespaced && is_object {
                let metadata = &call.body.as_ref().unwrap()["metadata"];
                let named = [&metadata["name"], &metadata["generateName"]];
                prop_assert!(
                    named.iter().all(|name| name.as_str().is_none_or(|name| name.contains('~'))),
                    "a name of everybody's: {call}"
                );
            }
        }
    }
}

#[test]
fn everything_that_is_asked_for_is_drawn() {
    let calls: Vec<Call> = (0..200).flat_map(|number| sequence(7, number, 40)).collect();
    let whats: BTreeSet<String> = calls.iter().map(Call::what).collect();
    for what in [
        "create Namespace",
        "create ServiceAccount",
        "create Secret",
        "create ConfigMap",
        "create Pod",
        "create Node",
        "create Lease",
        "create Role",
        "create RoleBinding",
        "create ClusterRole",
        "create ClusterRoleBinding",
        "create ServiceAccount/token",
        "create TokenReview",
        "create SubjectAccessReview",
        "create SelfSubjectReview",
        "create SelfSubjectAccessReview",
        "create LocalSubjectAccessReview",
        "create SelfSubjectRulesReview",
        "patch Pod (merge)",
        "patch Pod (json)",
        "patch Pod (strategic)",
        "patch Pod (apply)",
        "update Secret",
        "delete Namespace",
        "delete all of ConfigMap",
        "delete all of ClusterRole",
        "list Node",
        "get Lease",
    ] {
        assert!(whats.contains(what), "{what} is not in {whats:?}");
    }
    let any = |is: &dyn Fn(&Call) -> bool| calls.iter().any(is);
    let asks = |key: &'static str| move |call: &Call| call.query.iter().any(|(known, _)| known == key);
    for key in
        ["dryRun", "fieldValidation", "continue", "limit", "labelSelector", "fieldSelector", "gracePeriodSeconds"]
    {
        assert!(any(&asks(key)), "{key}");
    }
    assert!(any(&|call| matches!(call.who, Who::Bearer(_))) && any(&|call| call.who == Who::Anonymous));
    let back = |call: &Call| {
        let refers = call.texts().into_iter().flat_map(references).any(|reference| reference.call < call.id);
        refers && call.verb == Verb::Update
    };
    assert!(any(&back), "an update with the version of an earlier answer");
}
