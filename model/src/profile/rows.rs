//! The table of features.

use super::Span;

/// Something that not every version does, or not with every set-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Feature {
    /// A controller makes a Secret with a token for each `ServiceAccount`.
    AutomaticSecrets,
    /// Tokens have an id.
    TokenIds,

    // Tokens.
    /// Refusals of bound tokens are in lower case and say what they are about.
    TokenErrorsSayWhat,
    /// Of a bound object the uid is looked at before its deletion.
    UidBeforeDeletion,
    /// A token that no key is known for is told from one that is signed wrongly.
    KeysById,
    /// The library that checks signatures goes by its later name.
    RenamedSignatureLibrary,
    /// A `TokenRequest` is about the `ServiceAccount` of its path, which is looked up first.
    RequestsFollowThePath,
    /// The uid of a `TokenRequest` is that of its `ServiceAccount`.
    RequestsHaveUids,
    /// Another uid in it is refused.
    RequestUidChecked,
    /// What only the server writes in metadata is wiped from what is posted and not kept.
    SystemMetadataWiped,
    /// A time that is not set is written as null.
    UnsetTimesAreNull,
    /// Tokens of Pods name their Node.
    NodeOfPodInTokens,
    /// Nodes are something that a token may be bound to.
    NodesKnownToTokens,
    /// Such tokens are given out.
    TokensOfNodes,
    /// Such tokens are believed.
    TokensOfNodesBelieved,
    /// Webhook configurations are something that a token may be bound to.
    WebhooksKnownToTokens,
    /// A Node may ask only for audiences of its Pods' volumes.
    NodeAudiencesRestricted,
    /// Or for those that it has a right to.
    NodeAudiencesByRight,
    /// Which is all that the refusal tells.
    NodeAudienceRefusedByRight,
    /// The use of tokens in Secrets leaves a date there.
    LegacyTokensTracked,
    /// A label on its Secret has a token refused.
    LegacyTokensInvalidated,
    /// Secrets whose token nobody uses are cleaned up.
    LegacyTokensCleaned,
    /// A blank too many before a bearer token is warned of.
    BlankTokensWarned,
    /// A path that comes in one form only tells which, to who wants another.
    RepresentationsTold,
    /// Headers for groups and others without one for the user are a bad request.
    ImpersonationWithoutUserRefused,
    /// Impersonation may be allowed for single verbs.
    ConstrainedImpersonation,
    /// A write to what is not there looks at its uid first, also where it makes nothing.
    UidOfNothingIsCompared,
    /// A list of one Namespace, as its field selector says, is looked for there only.
    NamespaceSelectorsNarrow,
    /// Directives of a strategic merge patch for what is not there are dropped; before, they were kept.
    DirectivesOfNothingAreDropped,
    /// Of the networks of a Node the wrong one is shown; before, all of them.
    NetworksAreToldAlone,
    /// What is deleted is shown with the version of its deletion.
    DeletionsHaveAVersion,
    /// `fieldValidation` has to be one of its values, whether or not fields are validated.
    FieldValidationIsKnown,
    /// A JSON patch may be about all of the object, and count the items of a list from the end.
    PatchesOfTheWhole,
    /// What takes the place of all of the object has to be an object or a list; before, anything else was left aside.
    WholeIsChecked,
    /// Lists come from a cache though they have a limit: what it finds by an index has only what the index gives behind it.
    PagesFromTheCache,
    /// A merge patch that is none is the sender's mistake.
    InvalidPatchesAreBadRequests,
    /// The version in a `continue` that is not known is told without quotes.
    ContinueVersionsAreNotQuoted,
    /// A label selector may have any number of empty values in a row.
    ManyEmptyValues,
    /// Items to be taken from a list that is not there are dropped; before, they were kept.
    DeletionsOfNothingAreDropped,
    /// So are nulls in what is new.
    NullsOfNothingAreDropped,
    /// Bytes that are empty are not made none by a strategic merge patch.
    EmptyBytesStay,
    /// The volume with the token of a `ServiceAccount` is stored with its mode; before, the mode was only read there.
    MountsHaveTheirMode,
    /// An item is taken from any list; before, only from one that patches merge.
    DeletionsAreOfAnyList,
    /// What is wrong with a configuration is told with the name of its object.
    AppliedObjectsAreNamed,
    /// A configuration of another type than its path's is told of first.
    AppliedTypesAreChecked,
    /// Where it cannot be found out who manages which fields, it stays as it was; before, nobody managed anything.
    ManagersSurviveMistakes,
    /// Places of a conflict that stand beside each other may be told of as one.
    ConflictsShareArrays,
    /// Fields of an object are managed though items of its lists stand twice.
    DoublesAreManaged,
    /// Where any scalar may stand no map may.
    AnyScalarIsNoMap,
    /// Items of a list may lack some of the fields that they are known by.
    SomeKeysMayBeMissing,
    /// A patch of the object's kind has to be JSON before anything else is looked at.
    PatchesAreJsonFirst,
    /// A write that gives its manager no other fields than it had leaves the time of these.
    TimesOfTheSameFieldsStay,
    /// An apply that changes nothing but who manages has no time.
    NoTimeOfNoChange,
    /// That a made-up name is taken is told as such.
    NamesNotUniqueTold,
    /// Client certificates have an id.
    CertificateIds,
    /// `sendInitialEvents` is known.
    InitialEvents,
    /// It is granted to a watch.
    InitialEventsSent,
    /// It is not, after it was.
    InitialEventsWithdrawn,
    /// The scheduler says whether preemption would help.
    PreemptionTold,
    /// It ends what it says of that with two periods.
    PreemptionPeriodTwice,
    /// It says first that there are no claims to deallocate.
    ClaimsToDeallocate,
    /// Conditions of Pods say which generation they are about.
    ObservedGenerationOfPods,
    // fields
    /// Embedded structs stand in the texts of values of a wrong type.
    EmbeddedStructsInMistakes,
    /// The server tells of fields that it does not know.
    FieldValidation,
    /// Values of a wrong type are told of in the words of sigs.k8s.io/json; before, of json-iterator.
    MistakesOfGoJson,
    // kinds
    /// A Secret of type `kubernetes.io/tls` is looked into, and its faults are told.
    CertificateWarnings,
    /// The class of a Pod does not change with its status.
    ClassesStay,
    /// All sorts of containers are validated by the same code first, then by their own.
    ContainersInParts,
    /// Two owners that are controllers are named with their kinds.
    ControllersAreNamedWithKind,
    /// A label with dots is told so.
    DotsAreTold,
    /// A Pod whose name is no host's name is told so.
    DottedPodNamesAreTold,
    DuplicatePortNamesAreTold,
    DuplicatePortsAreTold,
    /// Variables may come from files.
    EnvironmentFiles,
    /// A variable that hides another is told of as such; before, as a duplicate.
    HiddenVariablesAreTold,
    /// It is told that apply may drop the hidden one.
    HiddenVariablesAreDropped,
    /// `status.hostIPs` may be named in variables.
    HostAddresses,
    /// On the node's network it is the port of the node that does not match.
    HostPortsAreTold,
    /// Qualified names are called label keys, and counted in bytes.
    LabelKeysInMistakes,
    KeysOfSecretsInPlainWords,
    LeaseTransitionsInPlainWords,
    /// Requests above a limit are told with the limit.
    LimitsAreTold,
    /// A grace period below zero is a second.
    GraceIsPositive,
    /// Names of resources stand without quotes in texts.
    ResourceNamesAreBare,
    /// Verbs and names that roles and bindings lack are found by declarative validation.
    RequiredFieldsOfRolesComeLast,
    /// An update of a role or binding is validated as a new one, and then as an update, which does that again.
    RolesAreValidatedTwice,
    SourcesAreTold,
    /// The path of a projected token may not leave its volume.
    TokensStayInTheirVolume,
    TolerationsAreShownByValue,
    MountableSecretsAreDeprecated,
    /// Secrets in `envFrom` have to be mountable too.
    MountableSecretsInEnvFrom,
    NodeWarnings,
    /// An update looks at the Namespace of the body before its name.
    NamespacesAreComparedFirst,
    /// Probes may have a grace period of their own.
    ProbeGrace,
    /// The provider of a Node is held by declarative validation.
    ProvidersAreSetOnce,
    /// The same mistake found twice is told of once.
    MistakesAreToldOnce,
    /// `spec.shareProcessNamespace` is where it is told of, not the security context.
    SharedProcessesAreNamedAlone,
    /// Fields that an owner lacks are required, and told of by the place of the owner.
    OwnersFieldsAreRequired,
    /// Pods have a generation.
    PodGeneration,
    /// A port's name has a letter, is what is told; before, a letter or number.
    PortNamesNeedLetters,
    /// Variables may have any name without `=`.
    RelaxedVariables,
    TooLongIsToldInBytes,
    /// Values in texts of mistakes are JSON; before, as Go shows structs.
    ValuesInMistakesAreJson,
    // Authorization, what there is at the start, and discovery.
    /// A role that is not there is told of as if it were what is written: a binding, or another role.
    MissingRolesAreToldAsRequested,
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
    /// `SelfSubjectReview`s are served as `v1beta1`, where that is turned on.
    BetaSelfReviews,
    /// The same as `v1alpha1`.
    AlphaSelfReviews,
    /// All that is served is told in one answer.
    AggregatedDiscovery,
    /// The same in its first format.
    BetaAggregatedDiscovery,
    /// There are documents of `OpenAPI` 3.
    OpenApi3,
    /// Tables show the architecture beside a Node's kernel.
    KernelsShowArchitecture,
    /// Tables show the containers of a Pod whose init containers are done or started again.
    InitializedPodsShowContainers,
    /// Tables do not show a Pod that has finished as terminating.
    FinishedPodsDoNotTerminate,
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

/// Where columns are filled in.
const PRINTERS: &str = "kubernetes, pkg/printers/internalversion/printers.go";

pub(super) const ROWS: &[Row] = &[
    row(Feature::AutomaticSecrets, Span::until(24), "KEP-2799")
        .without("LegacyServiceAccountTokenNoAutoGeneration", Span::between(24, 27)),
    // Requests.
    row(Feature::UidOfNothingIsCompared, Span::until(34), "apiserver: pkg/registry/generic/registry/store.go"),
    row(Feature::NamespaceSelectorsNarrow, Span::from(27), "apiserver: pkg/registry/generic/registry/store.go"),
    row(Feature::DirectivesOfNothingAreDropped, Span::from(28), "apimachinery: pkg/util/strategicpatch"),
    row(Feature::NetworksAreToldAlone, Span::from(30), "kubernetes: pkg/apis/core/validation"),
    row(Feature::DeletionsHaveAVersion, Span::from(26), "apiserver: pkg/storage/etcd3/store.go"),
    row(Feature::FieldValidationIsKnown, Span::from(23), "apimachinery: pkg/apis/meta/v1/validation"),
    row(Feature::PatchesOfTheWhole, Span::from(23), "go.mod of k8s.io/apiserver: json-patch 4.12"),
    row(Feature::WholeIsChecked, Span::from(35), "go.mod of k8s.io/apiserver: json-patch 4.13"),
    row(Feature::PagesFromTheCache, Span::from(34), "KEP-4988; the gate is ListFromCacheSnapshot"),
    row(Feature::InvalidPatchesAreBadRequests, Span::from(23), "apiserver: pkg/endpoints/handlers/patch.go"),
    row(Feature::ContinueVersionsAreNotQuoted, Span::from(25), "apiserver: pkg/storage/continue.go"),
    row(Feature::ManyEmptyValues, Span::from(35), "apimachinery: pkg/labels/selector.go"),
    row(Feature::DeletionsOfNothingAreDropped, Span::from(23), "apimachinery: pkg/util/strategicpatch"),
    row(Feature::EmptyBytesStay, Span::from(24), "apimachinery: pkg/runtime/converter.go"),
    row(
        Feature::MountsHaveTheirMode,
        Span::from(23),
        "plugin/pkg/admission/serviceaccount, kubernetes/kubernetes#104464",
    ),
    row(Feature::NullsOfNothingAreDropped, Span::from(24), "apimachinery: pkg/util/strategicpatch"),
    row(Feature::DeletionsAreOfAnyList, Span::from(28), "apimachinery: pkg/util/strategicpatch"),
    row(
        Feature::AppliedObjectsAreNamed,
        Span::from(23),
        "apiserver: pkg/endpoints/handlers/fieldmanager/structuredmerge.go",
    ),
    row(
        Feature::AppliedTypesAreChecked,
        Span::from(28),
        "apimachinery: pkg/util/managedfields/internal/versioncheck.go",
    ),
    row(Feature::AnyScalarIsNoMap, Span::from(29), "go.mod of k8s.io/apimachinery: structured-merge-diff 4.4"),
    row(
        Feature::ManagersSurviveMistakes,
        Span::from(37),
        "apimachinery: pkg/util/managedfields/internal/fieldmanager.go",
    ),
    row(Feature::ConflictsShareArrays, Span::until(29), "go.mod of k8s.io/apimachinery: structured-merge-diff 4.4"),
    row(Feature::DoublesAreManaged, Span::from(29), "go.mod of k8s.io/apimachinery: structured-merge-diff 4.4"),
    row(Feature::SomeKeysMayBeMissing, Span::from(34), "go.mod of k8s.io/apimachinery: structured-merge-diff 6.3"),
    row(Feature::PatchesAreJsonFirst, Span::from(37), "apiserver: pkg/endpoints/handlers/patch.go"),
    row(
        Feature::TimesOfTheSameFieldsStay,
        Span::until(25),
        "apiserver: pkg/endpoints/handlers/fieldmanager/managedfieldsupdater.go",
    ),
    row(Feature::NoTimeOfNoChange, Span::from(25), "apimachinery: pkg/util/managedfields"),
    row(Feature::NamesNotUniqueTold, Span::from(23), "apiserver: pkg/registry/rest/create.go"),
    row(Feature::CertificateIds, Span::from(32), "apiserver: pkg/authentication/request/x509"),
    row(Feature::InitialEvents, Span::from(27), "KEP-3157"),
    row(Feature::InitialEventsSent, Span::from(32), "KEP-3157, scenarios/api/watch-initial-events"),
    row(Feature::InitialEventsWithdrawn, Span::between(33, 34), "scenarios/api/watch-initial-events"),
    // The scheduler and the hollow Node.
    row(Feature::PreemptionTold, Span::from(24), "scenarios/scheduling/unschedulable-text"),
    row(Feature::PreemptionPeriodTwice, Span::between(26, 29), "scenarios/scheduling/unschedulable-text"),
    row(Feature::ClaimsToDeallocate, Span::between(34, 37), "scenarios/scheduling/unschedulable-text"),
    row(Feature::ObservedGenerationOfPods, Span::from(34), "KEP-5067"),
    row(Feature::TokenIds, Span::from(30), "KEP-4193").with("ServiceAccountTokenJTI", Span::between(29, 32)),
    // Tokens.
    row(Feature::TokenErrorsSayWhat, Span::from(23), "pkg/serviceaccount/claims.go"),
    row(Feature::UidBeforeDeletion, Span::from(29), "pkg/serviceaccount/claims.go"),
    row(Feature::KeysById, Span::from(31), "pkg/serviceaccount/jwt.go"),
    row(Feature::RenamedSignatureLibrary, Span::from(33), "go.mod"),
    row(Feature::RequestsFollowThePath, Span::from(24), "https://github.com/kubernetes/kubernetes/pull/107880"),
    row(Feature::RequestsHaveUids, Span::from(34), "https://github.com/kubernetes/kubernetes/pull/132803"),
    row(Feature::RequestUidChecked, Span::from(34), "https://github.com/kubernetes/kubernetes/pull/132803")
        .with("TokenRequestServiceAccountUIDValidation", Span::from(34)),
    row(Feature::SystemMetadataWiped, Span::from(25), "apiserver: endpoints/handlers/create.go"),
    row(Feature::UnsetTimesAreNull, Span::until(34), "apimachinery: apis/meta/v1/types.go"),
    row(Feature::NodeOfPodInTokens, Span::from(30), "KEP-4193")
        .with("ServiceAccountTokenPodNodeInfo", Span::between(29, 32)),
    row(Feature::NodesKnownToTokens, Span::from(29), "KEP-4193"),
    row(Feature::TokensOfNodes, Span::from(31), "KEP-4193")
        .with("ServiceAccountTokenNodeBinding", Span::between(29, 33)),
    row(Feature::TokensOfNodesBelieved, Span::from(30), "KEP-4193")
        .with("ServiceAccountTokenNodeBindingValidation", Span::between(29, 32)),
    row(Feature::WebhooksKnownToTokens, Span::from(37), "pkg/registry/core/serviceaccount/storage/token.go"),
    row(Feature::NodeAudiencesRestricted, Span::from(33), "KEP-4412")
        .with("ServiceAccountNodeAudienceRestriction", Span::from(32)),
    row(Feature::NodeAudiencesByRight, Span::from(33), "plugin/pkg/admission/noderestriction/admission.go"),
    row(Feature::NodeAudienceRefusedByRight, Span::from(37), "plugin/pkg/admission/noderestriction/admission.go"),
    row(Feature::LegacyTokensTracked, Span::from(27), "KEP-2799")
        .with("LegacyServiceAccountTokenTracking", Span::between(26, 28)),
    row(Feature::LegacyTokensInvalidated, Span::from(29), "pkg/serviceaccount/legacy.go"),
    row(Feature::LegacyTokensCleaned, Span::from(29), "KEP-2799")
        .with("LegacyServiceAccountTokenCleanUp", Span::between(28, 30)),
    row(Feature::BlankTokensWarned, Span::from(25), "https://github.com/kubernetes/kubernetes/pull/109587"),
    row(Feature::RepresentationsTold, Span::from(25), "seen; go-restful 3"),
    row(Feature::ImpersonationWithoutUserRefused, Span::from(35), "apiserver: endpoints/filters/impersonation"),
    row(Feature::ConstrainedImpersonation, Span::from(36), "KEP-5284").with("ConstrainedImpersonation", Span::from(35)),
    // fields
    row(
        Feature::EmbeddedStructsInMistakes,
        Span::from(35),
        "go.mod of k8s.io/apimachinery: sigs.k8s.io/json of July 2025",
    ),
    row(Feature::FieldValidation, Span::from(25), "KEP-2885").with("ServerSideFieldValidation", Span::between(23, 27)),
    row(Feature::MistakesOfGoJson, Span::from(23), "go.mod of k8s.io/apimachinery"),
    // kinds
    row(Feature::CertificateWarnings, Span::from(27), "pkg/registry/core/secret/strategy.go"),
    row(Feature::ContainersInParts, Span::from(25), "pkg/apis/core/validation, kubernetes#110803"),
    row(Feature::ControllersAreNamedWithKind, Span::from(26), "k8s.io/apimachinery/pkg/api/validation"),
    row(Feature::DotsAreTold, Span::from(27), "k8s.io/apimachinery/pkg/util/validation"),
    row(Feature::DottedPodNamesAreTold, Span::from(27), "pkg/registry/core/pod/strategy.go"),
    row(Feature::DuplicatePortNamesAreTold, Span::from(33), "pkg/api/pod/warnings.go"),
    row(Feature::DuplicatePortsAreTold, Span::from(28), "pkg/api/pod/warnings.go"),
    row(Feature::EnvironmentFiles, Span::from(35), "KEP-3721"),
    row(Feature::HiddenVariablesAreTold, Span::from(28), "pkg/api/pod/warnings.go"),
    row(Feature::HostAddresses, Span::from(30), "KEP-2681"),
    row(Feature::HostPortsAreTold, Span::from(28), "pkg/apis/core/validation"),
    row(Feature::LabelKeysInMistakes, Span::from(35), "k8s.io/apimachinery/pkg/api/validate/content"),
    row(Feature::KeysOfSecretsInPlainWords, Span::from(24), "pkg/apis/core/validation"),
    row(Feature::LeaseTransitionsInPlainWords, Span::from(24), "pkg/apis/coordination/validation"),
    row(Feature::LimitsAreTold, Span::from(27), "pkg/apis/core/validation"),
    row(
        Feature::MountableSecretsAreDeprecated,
        Span::from(32),
        "KEP-2799, pkg/registry/core/serviceaccount/strategy.go",
    ),
    row(Feature::MountableSecretsInEnvFrom, Span::from(30), "CVE-2024-3177, plugin/pkg/admission/serviceaccount"),
    row(Feature::GraceIsPositive, Span::from(27), "pkg/apis/core/v1/conversion.go"),
    row(Feature::ProbeGrace, Span::from(25), "KEP-2238").with("ProbeTerminationGracePeriod", Span::between(22, 28)),
    row(
        Feature::ResourceNamesAreBare,
        Span::between(29, 34),
        "pkg/apis/core/validation: they are a type with a String method",
    ),
    row(Feature::SharedProcessesAreNamedAlone, Span::from(37), "pkg/apis/core/validation"),
    row(Feature::SourcesAreTold, Span::from(31), "pkg/apis/core/validation"),
    row(Feature::TokensStayInTheirVolume, Span::from(30), "pkg/apis/core/validation"),
    row(Feature::TolerationsAreShownByValue, Span::from(32), "pkg/apis/core/validation"),
    row(Feature::RequiredFieldsOfRolesComeLast, Span::from(37), "pkg/apis/rbac/v1/zz_generated.validations.go"),
    row(Feature::ProvidersAreSetOnce, Span::from(37), "pkg/apis/core/v1/zz_generated.validations.go"),
    row(Feature::MistakesAreToldOnce, Span::from(37), "k8s.io/apiserver/pkg/registry/rest, declarative validation"),
    row(Feature::RolesAreValidatedTwice, Span::until(35), "pkg/registry/rbac"),
    row(Feature::NamespacesAreComparedFirst, Span::from(24), "k8s.io/apiserver/pkg/endpoints/handlers/update.go"),
    row(Feature::ClassesStay, Span::from(32), "pkg/apis/core/validation, pkg/registry/core/pod/strategy.go"),
    row(Feature::NodeWarnings, Span::from(27), "pkg/registry/core/node/strategy.go"),
    row(Feature::OwnersFieldsAreRequired, Span::from(37), "k8s.io/apimachinery/pkg/api/validation"),
    row(Feature::PodGeneration, Span::from(33), "KEP-5067"),
    row(Feature::PortNamesNeedLetters, Span::from(25), "k8s.io/apimachinery/pkg/util/validation"),
    row(Feature::RelaxedVariables, Span::from(32), "KEP-4369")
        .with("RelaxedEnvironmentVariableValidation", Span::between(30, 35)),
    row(Feature::TooLongIsToldInBytes, Span::from(32), "k8s.io/apimachinery/pkg/util/validation/field"),
    row(Feature::ValuesInMistakesAreJson, Span::from(34), "k8s.io/apimachinery/pkg/util/validation/field"),
    // Authorization, what there is at the start, and discovery.
    row(
        Feature::MissingRolesAreToldAsRequested,
        Span::from(32),
        "pkg/registry/rbac/validation/rule.go: the request's context reaches the storage; seen in v1.34.4, not in v1.24.17",
    ),
    row(Feature::AuthorizersAreNamed, Span::from(37), "apiserver v0.37, pkg/authorization/union"),
    row(Feature::NodesAreShownTheirOwn, Span::from(32), "KEP-4601")
        .with("AuthorizeNodeWithSelectors", Span::between(31, 34)),
    row(Feature::NodesGetServiceAccounts, Span::from(34), "KEP-4412")
        .with("KubeletServiceAccountTokenForCredentialProviders", Span::between(33, 38)),
    row(Feature::SelfReviewIsGranted, Span::from(27), "KEP-3325").with("APISelfSubjectReview", Span::between(26, 28)),
    row(Feature::SelectorsInReviews, Span::from(32), "KEP-4601").with("AuthorizeWithSelectors", Span::between(31, 34)),
    row(Feature::ReviewsAreUnions, Span::from(37), "kubernetes v1.37, pkg/apis/authorization/validation"),
    row(Feature::StructsInMistakesAreJson, Span::from(34), "apimachinery v0.34, util/validation/field"),
    row(Feature::BetaSelfReviews, Span::from(27), "KEP-3325"),
    row(Feature::AlphaSelfReviews, Span::between(26, 33), "KEP-3325; kubernetes, pkg/registry/authentication/rest"),
    row(Feature::AggregatedDiscovery, Span::from(30), "KEP-3352"),
    row(Feature::BetaAggregatedDiscovery, Span::between(27, 33), "KEP-3352; seen in v1.32.2 and v1.33.13")
        .with("AggregatedDiscoveryEndpoint", Span::between(26, 30)),
    row(Feature::OpenApi3, Span::from(24), "KEP-2896").with("OpenAPIV3", Span::between(23, 27)),
    row(Feature::KernelsShowArchitecture, Span::from(36), PRINTERS),
    row(Feature::InitializedPodsShowContainers, Span::from(28), PRINTERS),
    row(Feature::FinishedPodsDoNotTerminate, Span::from(31), PRINTERS),
    row(Feature::EarlyApiServerLease, Span::between(26, 27), "KEP-1965; seen in v1.26.3")
        .with("APIServerIdentity", Span::between(26, 27)),
    row(Feature::ApiServerLease, Span::from(27), "KEP-1965; seen from v1.27.3 on"),
    row(Feature::HiddenVariablesAreDropped, Span::from(30), "scenarios/warnings/duplicate-env"),
];
