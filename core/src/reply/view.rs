//! What a snapshot shows of a reply by default. A kind of step picks one; `observe` knows how each is cut.
//!
//! The defaults are small: whole bodies would give nearly every scenario a change point at nearly every minor, for
//! fields that have nothing to do with what it is about.

/// The part of a reply that a step kind shows unless the step's own `snapshot:` says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// Nothing: a step that only waits.
    Nothing,
    /// Status code, warnings and, for a refusal, the Status' reason, message and causes; no body. For writes.
    Envelope,
    /// The envelope and the object, without what controllers and clocks write into its metadata.
    Object,
    /// The envelope and the sorted names of the list's items.
    Names,
    /// Type and name of each event of a watch.
    Events,
    /// The envelope, a TokenRequest's spec and status, and the token's decoded header and claims.
    Token,
    /// The envelope and a review's `status`.
    Status,
    /// The envelope and the whole body as it came.
    Body,
    /// How a command ended and what it wrote.
    Output,
}
