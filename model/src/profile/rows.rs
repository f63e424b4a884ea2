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
    // kinds
    /// A Secret of type `kubernetes.io/tls` is looked into, and its faults are told.
    CertificateWarnings,
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
    SourcesAreTold,
    /// The path of a projected token may not leave its volume.
    TokensStayInTheirVolume,
    TolerationsAreShownByValue,
    MountableSecretsAreDeprecated,
    /// Secrets in `envFrom` have to be mountable too.
    MountableSecretsInEnvFrom,
    NodeWarnings,
    /// Probes may have a grace period of their own.
    ProbeGrace,
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
    row(Feature::NodeWarnings, Span::from(27), "pkg/registry/core/node/strategy.go"),
    row(Feature::OwnersFieldsAreRequired, Span::from(37), "k8s.io/apimachinery/pkg/api/validation"),
    row(Feature::PodGeneration, Span::from(33), "KEP-5067"),
    row(Feature::PortNamesNeedLetters, Span::from(25), "k8s.io/apimachinery/pkg/util/validation"),
    row(Feature::RelaxedVariables, Span::from(32), "KEP-4369")
        .with("RelaxedEnvironmentVariableValidation", Span::between(30, 35)),
    row(Feature::TooLongIsToldInBytes, Span::from(32), "k8s.io/apimachinery/pkg/util/validation/field"),
    row(Feature::ValuesInMistakesAreJson, Span::from(34), "k8s.io/apimachinery/pkg/util/validation/field"),
];
