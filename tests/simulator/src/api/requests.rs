//! How often the accounts API was asked, and what it answered.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use crate::fault::Operation;

/// How often one kind of request had one kind of answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ApiRequestCount {
    /// Whose key it was; none for a request that no key came with.
    pub project_id: Option<String>,
    /// What was asked.
    pub operation: Operation,
    /// The status of the answer; 0 where the connection was closed without one.
    pub status: u16,
    /// How often.
    pub count: u64,
}

#[derive(Debug, Default)]
pub(crate) struct RequestCounts(Mutex<BTreeMap<Kind, u64>>);

/// Project, operation and status.
type Kind = (Option<String>, Operation, u16);

impl RequestCounts {
    pub(crate) fn count(&self, project_id: Option<&str>, operation: Operation, status: u16) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts
            .entry((project_id.map(str::to_owned), operation, status))
            .or_default() += 1;
    }

    pub(crate) fn list(&self) -> Vec<ApiRequestCount> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts
            .iter()
            .map(|((project_id, operation, status), count)| ApiRequestCount {
                project_id: project_id.clone(),
                operation: *operation,
                status: *status,
                count: *count,
            })
            .collect()
    }
}
