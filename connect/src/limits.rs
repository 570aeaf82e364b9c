//! Limits of concurrent requests, counted apart before and after authentication, so that
//! unauthenticated requests cannot starve authenticated ones. Event streams have their own limits.

mod pending;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use actix_web::{HttpMessage as _, HttpRequest};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::LimitSettings;
use crate::problem::{Problem, Reason};
pub(crate) use pending::Held;
use pending::Pending;

/// The limits before and after authentication, and what tenants have asked for.
pub(crate) struct Limits {
    before: Arc<Semaphore>,
    after: Arc<Semaphore>,
    /// The sessions that are being created.
    pub(crate) creating: Pending,
    /// The tokens that are being minted.
    pub(crate) minting: Pending,
}

/// The permit of a request; returned when the request is served.
type Place = Rc<RefCell<Option<OwnedSemaphorePermit>>>;

impl Limits {
    pub(crate) fn new(settings: &LimitSettings) -> Self {
        let semaphore = |limit: usize| Arc::new(Semaphore::new(limit.min(Semaphore::MAX_PERMITS)));
        Self {
            before: semaphore(settings.requests_before_authentication),
            after: semaphore(settings.requests_after_authentication),
            creating: Pending::default(),
            minting: Pending::default(),
        }
    }

    /// Takes a permit for a request that is not authenticated yet.
    pub(crate) fn admit(&self, request: &HttpRequest) -> Result<(), Problem> {
        let permit = Arc::clone(&self.before).try_acquire_owned();
        let permit = permit.map_err(|_none| Problem::from(Reason::Overloaded))?;
        let place: Place = Rc::new(RefCell::new(Some(permit)));
        request.extensions_mut().insert(place);
        Ok(())
    }

    /// Exchanges the permit for one of authenticated requests.
    pub(crate) fn is_authentic(&self, request: &HttpRequest) -> Result<(), Problem> {
        let permit = Arc::clone(&self.after).try_acquire_owned();
        let permit = permit.map_err(|_none| Problem::from(Reason::Overloaded))?;
        if let Some(place) = request.extensions().get::<Place>() {
            place.replace(Some(permit));
        }
        Ok(())
    }
}

/// Returns the permit of a request that is served; a stream that follows is counted elsewhere.
pub(crate) fn is_served(request: &HttpRequest) {
    if let Some(place) = request.extensions().get::<Place>() {
        place.replace(None);
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn an_authenticated_request_leaves_its_place_to_others_and_takes_one_of_its_own() {
        let [before, after] = [1, 1].map(|limit| Arc::new(Semaphore::new(limit)));
        let limits = Limits {
            before,
            after,
            creating: Pending::default(),
            minting: Pending::default(),
        };
        let request = || TestRequest::default().to_http_request();
        let [one, two, three] = [request(), request(), request()];
        limits.admit(&one).unwrap();
        let refused = limits.admit(&two).unwrap_err();
        assert_eq!(refused.reason, Reason::Overloaded);
        limits.is_authentic(&one).unwrap();
        limits.admit(&two).unwrap();
        let refused = limits.is_authentic(&two).unwrap_err();
        assert_eq!(refused.reason, Reason::Overloaded);
        is_served(&two);
        is_served(&one);
        limits.admit(&three).unwrap();
        limits.is_authentic(&three).unwrap();
    }
}
