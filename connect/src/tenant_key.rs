//! The ids by which a tenant is known, apart from what may speak for it.

/// The ids of a tenant: an owner at StackOne, in a project.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct TenantKey {
    /// The id of the project; absent where there is a single project without one.
    pub(crate) project: Option<String>,
    pub(crate) id: String,
}
