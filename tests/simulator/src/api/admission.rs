//! Who may ask: User-Agent, API key, rate limit, in this order.

use std::sync::Arc;
use std::time::Instant;

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderName, USER_AGENT};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::api::error::ApiError;
use crate::fault::RetryAfter;
use crate::project::{Project, Projects};
use crate::simulator::Simulator;

/// The project whose key the request came with.
pub(crate) fn identify(
    request: &HttpRequest,
    simulator: &Simulator,
) -> Result<Arc<Project>, ApiError> {
    let headers = request.headers();
    if text(headers, &USER_AGENT).is_none_or(str::is_empty) {
        return Err(ApiError::new(StatusCode::FORBIDDEN));
    }
    text(headers, &AUTHORIZATION)
        .and_then(|credentials| project_of(credentials, simulator.projects()))
        .ok_or_else(|| ApiError::new(StatusCode::UNAUTHORIZED))
}

/// Counts the request against its key's limit.
pub(crate) fn limit(project: &Project, simulator: &Simulator) -> Result<(), ApiError> {
    simulator
        .admit(&project.id, Instant::now())
        .map_err(|over| {
            let wait = RetryAfter::Seconds(over.retry_after);
            ApiError::new(StatusCode::TOO_MANY_REQUESTS).retry_after(Some(wait))
        })
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// `Basic base64(key + ":")`. Without the colon it is no Basic credential: the commonest cause of a
/// 401.
fn project_of<'a>(credentials: &str, projects: &'a Projects) -> Option<Arc<Project>>
where
    Projects: 'a,
{
    let (scheme, encoded) = credentials.split_once(' ')?;
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (key, password) = decoded.split_once(':')?;
    let usable = scheme.eq_ignore_ascii_case("basic") && password.is_empty();
    let project = projects.by_api_key(key).filter(|_| usable)?;
    Some(Arc::clone(project))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::ProjectConfig;

    fn accepted(credentials: &str) -> bool {
        let projects = Projects::new(vec![ProjectConfig {
            id: "p".to_owned(),
            api_key: "key".into(),
            webhook: None,
        }]);
        project_of(credentials, &projects.unwrap()).is_some()
    }

    #[test]
    fn a_key_with_its_colon_is_accepted_and_nothing_else() {
        let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
        assert!(accepted(&basic("key:")));
        assert!(accepted(&basic("key:").replace("Basic", "basic")));
        for refused in ["key", "other:", "key:password", ":", ""] {
            assert!(!accepted(&basic(refused)), "{refused:?}");
        }
        assert!(!accepted("Bearer key"));
        assert!(!accepted("key:"));
    }
}
