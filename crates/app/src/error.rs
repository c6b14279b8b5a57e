//! The closed set of failures that every surface maps.

use domain::governance::role::Permission;

/// Result of a use-case.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a use-case did not do what was asked, by kind.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What was given does not make sense: which field, why, and the way out.
    #[error("{field}: {reason}")]
    Invalid {
        /// Field, file:line:column or flag.
        field: String,
        /// What is wrong and what would be right.
        reason: String,
    },
    /// A check said no: a contract, a gate, a drift rule.
    #[error("{reason}")]
    CheckFailed {
        /// Kind of the check: `contract`, `gate`, `drift`.
        check: &'static str,
        /// Id of the record that holds the evidence.
        record: String,
        /// What it found.
        reason: String,
    },
    /// Nobody is signed in.
    #[error("not signed in: send a token, or `volano login`")]
    Unauthenticated,
    /// The caller's role does not allow it.
    #[error("{actor} may not do this: it needs the permission {permission}")]
    Forbidden {
        /// Who asked.
        actor: String,
        /// What was missing.
        permission: Permission,
    },
    /// There is no such thing.
    #[error("there is no {noun} {id:?}")]
    NotFound {
        /// The glossary's word.
        noun: &'static str,
        /// What was asked for.
        id: String,
    },
    /// A thing of that name is there already.
    #[error("{noun} {id:?} exists already")]
    AlreadyExists {
        /// The glossary's word.
        noun: &'static str,
        /// Its name.
        id: String,
    },
    /// The thing's state does not allow it, or somebody else was faster.
    #[error("{noun} {id}: {reason}")]
    Conflict {
        /// The glossary's word.
        noun: &'static str,
        /// Which one.
        id: String,
        /// What stands in the way.
        reason: String,
    },
    /// A limit is reached; later it may work.
    #[error("limit reached: {limit}")]
    LimitReached {
        /// Which limit, with its number.
        limit: String,
    },
    /// Something that is needed does not answer; later it may.
    #[error("{what}")]
    Unavailable {
        /// What, and the way out.
        what: String,
    },
    /// Our fault, or the machine's.
    #[error("internal error: {0}")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// [`Error`] without its contents, for mappings that must cover all kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is documented at the variant of the same name")]
pub enum ErrorKind {
    Invalid,
    CheckFailed,
    Unauthenticated,
    Forbidden,
    NotFound,
    AlreadyExists,
    Conflict,
    LimitReached,
    Unavailable,
    Internal,
}

impl Error {
    /// Which kind this is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Invalid { .. } => ErrorKind::Invalid,
            Self::CheckFailed { .. } => ErrorKind::CheckFailed,
            Self::Unauthenticated => ErrorKind::Unauthenticated,
            Self::Forbidden { .. } => ErrorKind::Forbidden,
            Self::NotFound { .. } => ErrorKind::NotFound,
            Self::AlreadyExists { .. } => ErrorKind::AlreadyExists,
            Self::Conflict { .. } => ErrorKind::Conflict,
            Self::LimitReached { .. } => ErrorKind::LimitReached,
            Self::Unavailable { .. } => ErrorKind::Unavailable,
            Self::Internal(_) => ErrorKind::Internal,
        }
    }

    /// Shorthand for [`Error::Invalid`].
    pub fn invalid(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Invalid { field: field.into(), reason: reason.into() }
    }

    /// Shorthand for [`Error::NotFound`].
    pub fn not_found(noun: &'static str, id: impl ToString) -> Self {
        Self::NotFound { noun, id: id.to_string() }
    }

    /// Shorthand for [`Error::Conflict`].
    pub fn conflict(noun: &'static str, id: impl ToString, reason: impl Into<String>) -> Self {
        Self::Conflict { noun, id: id.to_string(), reason: reason.into() }
    }

    /// Wraps what is not the caller's fault.
    pub fn internal(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(error.into())
    }
}

impl From<db::Error> for Error {
    fn from(error: db::Error) -> Self {
        match error {
            db::Error::Unreachable(_) => Self::Unavailable { what: error.to_string() },
            db::Error::Newer { .. } | db::Error::Damaged { .. } => {
                Self::Conflict { noun: "database", id: "home".to_owned(), reason: error.to_string() }
            }
            db::Error::Foreign { .. } => Self::invalid("source", error.to_string()),
            db::Error::Pattern(_) => Self::invalid("filter", error.to_string()),
            db::Error::Address(_) => Self::invalid("database", error.to_string()),
            other => Self::internal(other),
        }
    }
}

impl From<domain::tracking::validation::Refusal> for Error {
    fn from(refusal: domain::tracking::validation::Refusal) -> Self {
        Self::Invalid { field: refusal.field, reason: refusal.reason }
    }
}

impl From<objects::Error> for Error {
    fn from(error: objects::Error) -> Self {
        match error {
            objects::Error::Full { .. } => Self::Unavailable { what: error.to_string() },
            objects::Error::TooLarge { .. } => Self::invalid("body", error.to_string()),
            objects::Error::BrokenOff(_) => Self::invalid("body", error.to_string()),
            objects::Error::Tree(domain::data::tree::TreeError::Twice(_)) => {
                Self::invalid("files", error.to_string())
            }
            other => Self::internal(other),
        }
    }
}

impl From<environments::Error> for Error {
    fn from(error: environments::Error) -> Self {
        if error.is_input() {
            return Self::invalid("env", error.to_string());
        }
        Self::Unavailable { what: error.to_string() }
    }
}
