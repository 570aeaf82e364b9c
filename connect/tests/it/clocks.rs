//! The clocks of the host and of the processor are a minute off.

use std::time::UNIX_EPOCH;

use futures_util::future::join_all;
use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value, json};

use crate::broker::Broker;
use crate::eventually::eventually;
use crate::host::Host;
use crate::service::Service;
use crate::stackone::stackone;

#[tokio::test]
async fn clocks_a_minute_ahead_or_behind_link_all_the_same() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let service = Service::ready(&broker, &stackone).await;
    let mut accounts = 0;
    for (tenant, seconds, many) in [
        ("behind", -60_i64, 0),
        ("ahead", 60, 0),
        // More than a fact lists.
        ("many-behind", -60, 300),
        ("many-ahead", 60, 300),
    ] {
        let state = || {
            let confirmed_at = Timestamp::now() + seconds.seconds();
            let about = json!({"provider": "bamboohr", "origin_owner_id": tenant});
            let mut state = json!({"state": "active", "status": "active", "account": about});
            state["confirmed_at"] = json!(confirmed_at);
            state
        };
        let ids: Vec<_> = (0..many)
            .map(|number| format!("{tenant}-old{number}"))
            .collect();
        join_all(ids.iter().map(|id| broker.confirms_with(id, 1, state()))).await;
        accounts += many;
        let known = "stackone_connect_accounts";
        eventually("all accounts are known", async || {
            (service.metric(known).await == Some(f64::from(accounts))).then_some(())
        })
        .await;
        let now = i64::try_from(UNIX_EPOCH.elapsed().unwrap().as_secs()).unwrap();
        // A token of a minute: by our clock it ends now, or begins in a minute.
        let issued = now + seconds;
        let claims = json!({"iat": issued, "nbf": issued, "exp": issued + 60});
        let token = Host::new("k1", 1).token(tenant, claims);
        let body = json!({"channel": "hub", "provider": "bamboohr"});
        let made = service.post("/v1/link-sessions", &token, &body).await;
        assert_eq!(made.status(), 201, "{tenant}");
        let made: Value = made.json();
        assert_eq!(service.call(&made, "/token", &json!({})).await, 200);
        let account = format!("{tenant}1");
        let hint = json!({"account_id": account});
        assert_eq!(service.call(&made, "/linked", &hint).await, 204);
        broker.confirms_with(&account, 1, state()).await;
        accounts += 1;
        service.becomes(&made, "verified").await;
    }
}

#[tokio::test]
async fn a_jwt_whose_times_are_off_by_more_than_a_minute_is_refused_both_ways() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let service = Service::ready(&broker, &stackone).await;
    let now = i64::try_from(UNIX_EPOCH.elapsed().unwrap().as_secs()).unwrap();
    // One that is ahead has some seconds more, in which this runs.
    for issued in [now - 61 - 60, now + 61 + 60] {
        let claims = json!({"iat": issued, "exp": issued + 60});
        let token = Host::new("k1", 1).token("t1", claims);
        let body = json!({"channel": "hub"});
        let made = service.post("/v1/link-sessions", &token, &body).await;
        assert_eq!(made.status(), 401, "{issued}");
    }
}
