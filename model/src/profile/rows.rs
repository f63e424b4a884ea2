//! The table of features.

use super::Span;

/// Something that not every version does, or not with every set-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Feature {
    /// A controller makes a Secret with a token for each `ServiceAccount`.
    AutomaticSecrets,
    /// Tokens have an id.
    TokenIds,
    // Authorization, what there is at the start, and discovery.
    /// A refusal says which authorizer has which reason.
    AuthorizersAreNamed,
    /// A Node is shown its own Node and Pods only.
    NodesAreShownTheirOwn,
    /// A Node may read the `ServiceAccount`s of its Pods.
    NodesGetServiceAccounts,
    /// Everybody who is known may ask who they are.
    SelfReviewIsGranted,
    /// Selectors in the reviews of access count.
    SelectorsInReviews,
    /// Reviews that say too much or too little are refused as unions are.
    ReviewsAreUnions,
    /// Objects in mistakes are written as JSON, not as Go has them.
    StructsInMistakesAreJson,
    /// A `creationTimestamp` that is not set is written as null.
    UnsetTimesAreNull,
    /// What is posted below a Namespace is in it.
    RequestsFollowThePath,
    /// `SelfSubjectReview`s are served as `v1beta1`, where that is turned on.
    BetaSelfReviews,
    /// The same as `v1alpha1`.
    AlphaSelfReviews,
    /// All that is served is told in one answer.
    AggregatedDiscovery,
    /// The same in its first format.
    BetaAggregatedDiscovery,
    /// There are documents of OpenAPI 3.
    OpenApi3,
    /// The server looks for unknown fields when `fieldValidation` asks for that, and OpenAPI tells of it.
    FieldValidation,
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
    row(Feature::TokenIds, Span::from(30), "KEP-4193").with("ServiceAccountTokenJTI", Span::between(29, 32)),
    // Authorization, what there is at the start, and discovery.
    row(Feature::AuthorizersAreNamed, Span::from(37), "apiserver v0.37, pkg/authorization/union"),
    row(Feature::NodesAreShownTheirOwn, Span::from(32), "KEP-4601")
        .with("AuthorizeNodeWithSelectors", Span::between(31, 34)),
    row(Feature::NodesGetServiceAccounts, Span::from(34), "KEP-4412")
        .with("KubeletServiceAccountTokenForCredentialProviders", Span::between(33, 38)),
    row(Feature::SelfReviewIsGranted, Span::from(27), "KEP-3325").with("APISelfSubjectReview", Span::between(26, 28)),
    row(Feature::SelectorsInReviews, Span::from(32), "KEP-4601").with("AuthorizeWithSelectors", Span::between(31, 34)),
    row(Feature::ReviewsAreUnions, Span::from(37), "kubernetes v1.37, pkg/apis/authorization/validation"),
    row(Feature::StructsInMistakesAreJson, Span::from(34), "apimachinery v0.34, util/validation/field"),
    row(Feature::UnsetTimesAreNull, Span::until(34), "apimachinery: apis/meta/v1/types.go"),
    row(Feature::RequestsFollowThePath, Span::from(24), "https://github.com/kubernetes/kubernetes/pull/107880"),
    row(Feature::BetaSelfReviews, Span::from(27), "KEP-3325"),
    row(Feature::AlphaSelfReviews, Span::between(26, 33), "KEP-3325; kubernetes, pkg/registry/authentication/rest"),
    row(Feature::AggregatedDiscovery, Span::from(30), "KEP-3352"),
    row(Feature::BetaAggregatedDiscovery, Span::between(27, 33), "KEP-3352; seen in v1.32.2 and v1.33.13")
        .with("AggregatedDiscoveryEndpoint", Span::between(26, 30)),
    row(Feature::OpenApi3, Span::from(24), "KEP-2896").with("OpenAPIV3", Span::between(23, 27)),
    row(Feature::FieldValidation, Span::from(25), "KEP-2885").with("ServerSideFieldValidation", Span::between(23, 27)),
    row(Feature::EarlyApiServerLease, Span::between(26, 27), "KEP-1965; seen in v1.26.3")
        .with("APIServerIdentity", Span::between(26, 27)),
    row(Feature::ApiServerLease, Span::from(27), "KEP-1965; seen from v1.27.3 on"),
];
