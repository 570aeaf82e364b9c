//! Services on a broker that lets nobody in without a certificate or a password, and allows only
//! what an ACL says. All tests here share one container.

mod acls;
mod acls_of_connect;
mod connect;
mod entry;
mod load;
mod oauth;
mod protocol;
mod provider;
mod refused;
mod rotation;

use harness::SecuredBroker;
use tokio::sync::OnceCell;

/// The password of a user.
pub(crate) fn password(user: &str) -> String {
    format!("password-of-{user}")
}

/// The broker that these tests share. It is removed when their process has ended.
pub(crate) async fn broker() -> &'static SecuredBroker {
    static SHARED: OnceCell<SecuredBroker> = OnceCell::const_new();
    let start = async || {
        let users = acls::users()
            .into_iter()
            .chain(acls_of_connect::users())
            .chain([SecuredBroker::anyone().to_owned()]);
        let users: Vec<_> = users.map(|user| (user.clone(), password(&user))).collect();
        SecuredBroker::start(&users).await.unwrap()
    };
    SHARED.get_or_init(start).await
}
