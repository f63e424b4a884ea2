//! The table of features.

use super::Span;

/// Something that not every version does, or not with every set-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Feature {
    /// A controller makes a Secret with a token for each `ServiceAccount`.
    AutomaticSecrets,
    /// Tokens have an id.
    TokenIds,
    /// The scheduler says whether preemption would help.
    PreemptionTold,
    /// It ends what it says of that with two periods.
    PreemptionPeriodTwice,
    /// It says first that there are no claims to deallocate.
    ClaimsToDeallocate,
    /// Conditions of Pods say which generation they are about.
    ObservedGenerationOfPods,
    /// The status of a Pod has `hostIPs`.
    HostIps,
    // fields
    /// Embedded structs stand in the texts of values of a wrong type.
    EmbeddedStructsInMistakes,
    /// The server tells of fields that it does not know.
    FieldValidation,
    /// Values of a wrong type are told of in the words of sigs.k8s.io/json; before, of json-iterator.
    MistakesOfGoJson,
    // Authorization, what there is at the start, and discovery.
    /// A refusal says which authorizer has which reason.
    AuthorizersAreNamed,
    /// A Node is shown its own Node and Pods only.
    NodesAreShownTheirOwn,
    /// A Node may read the `ServiceAccount`s of its Pods.
    NodesGetServiceAccounts,
    /// Everybody who is known may ask who they are.
    SelfReviewIsGranted,
    /// The API server holds a Lease, named after its first label.
    EarlyApiServerLease,
    /// The same under the name that it has today.
    ApiServerLease,
}

pub(super) struct Row {
    pub(super) feature: Feature,
    /// The minors that do it by default.
    pub(super) span: Span,
    pub(super) gate: Option<Gate>,
    /// Where that is written, or where it was seen.
    #[allow(dead_code, reason = "read by whoever reads the table, and by `explain embedded`")]
    pub(super) source: &'static str,
}

/// A feature gate.
pub(super) struct Gate {
    pub(super) name: &'static str,
    /// The minors in which it can be set otherwise than by default.
    pub(super) span: Span,
    /// Whether the feature is there when the gate is off.
    pub(super) turns_off: bool,
}

const fn row(feature: Feature, span: Span, source: &'static str) -> Row {
    Row { feature, span, gate: None, source }
}

impl Row {
    const fn with(self, name: &'static str, span: Span) -> Self {
        Self { gate: Some(Gate { name, span, turns_off: false }), ..self }
    }

    const fn without(self, name: &'static str, span: Span) -> Self {
        Self { gate: Some(Gate { name, span, turns_off: true }), ..self }
    }
}

pub(super) const ROWS: &[Row] = &[
    row(Feature::AutomaticSecrets, Span::until(24), "KEP-2799")
        .without("LegacyServiceAccountTokenNoAutoGeneration", Span::between(24, 27)),
    // The scheduler and the hollow Node.
    row(Feature::PreemptionTold, Span::from(24), "scenarios/scheduling/unschedulable-text"),
    row(Feature::PreemptionPeriodTwice, Span::between(26, 29), "scenarios/scheduling/unschedulable-text"),
    row(Feature::ClaimsToDeallocate, Span::between(34, 37), "scenarios/scheduling/unschedulable-text"),
    row(Feature::ObservedGenerationOfPods, Span::from(34), "KEP-5067"),
    row(Feature::HostIps, Span::from(29), "KEP-2681"),
    row(Feature::TokenIds, Span::from(30), "KEP-4193").with("ServiceAccountTokenJTI", Span::between(29, 32)),
    // fields
    row(
        Feature::EmbeddedStructsInMistakes,
        Span::from(35),
        "go.mod of k8s.io/apimachinery: sigs.k8s.io/json of July 2025",
    ),
    row(Feature::FieldValidation, Span::from(25), "KEP-2885").with("ServerSideFieldValidation", Span::between(23, 27)),
    row(Feature::MistakesOfGoJson, Span::from(23), "go.mod of k8s.io/apimachinery"),
    // Authorization, what there is at the start, and discovery.
    row(Feature::AuthorizersAreNamed, Span::from(37), "apiserver v0.37, pkg/authorization/union"),
    row(Feature::NodesAreShownTheirOwn, Span::from(32), "KEP-4601")
        .with("AuthorizeNodeWithSelectors", Span::between(31, 34)),
    row(Feature::NodesGetServiceAccounts, Span::from(34), "KEP-4412")
        .with("KubeletServiceAccountTokenForCredentialProviders", Span::between(33, 38)),
    row(Feature::SelfReviewIsGranted, Span::from(27), "KEP-3325").with("APISelfSubjectReview", Span::between(26, 28)),
    row(Feature::EarlyApiServerLease, Span::between(26, 27), "KEP-1965; seen in v1.26.3")
        .with("APIServerIdentity", Span::between(26, 27)),
    row(Feature::ApiServerLease, Span::from(27), "KEP-1965; seen from v1.27.3 on"),
];
