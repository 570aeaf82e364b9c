//! The accounts API with faults.

use std::time::{Duration, Instant};

use serde_json::Value;
use stackone_simulator::{
    AccountId, AccountStatus as Status, Fault, FaultRule, NewAccount, Notify, Operation,
    RetryAfter, Simulator,
};

use crate::stage::{client, config, get, get_json, request, start, within_deadline};

async fn simulator_with_account() -> (Simulator, AccountId, String) {
    let simulator = start(config()).await;
    let id = simulator.link(&NewAccount::default()).unwrap();
    let path = format!("/accounts/{id}");
    (simulator, id, path)
}

#[tokio::test]
async fn an_error_status_has_the_body_and_the_retry_after_that_were_asked_for() {
    let (simulator, _, path) = simulator_with_account().await;
    simulator
        .faults()
        .set(FaultRule::next(1, Fault::too_many_requests(7)))
        .unwrap();
    let gateway = Fault::Status {
        status: 502,
        retry_after: Some(RetryAfter::DateInSeconds(30)),
        body: Some("<html>Bad Gateway</html>".to_owned()),
    };
    simulator.faults().set(FaultRule::next(1, gateway)).unwrap();

    let limited = get(&simulator, &path).await;
    assert_eq!(
        (limited.status().as_u16(), &limited.headers()["retry-after"]),
        (429, &"7".parse().unwrap())
    );
    assert_eq!(
        limited.json::<Value>().await.unwrap()["message"],
        "Too many requests"
    );
    let failed = get(&simulator, &path).await;
    assert_eq!(failed.status(), 502);
    assert!(
        failed.headers()["retry-after"]
            .to_str()
            .unwrap()
            .ends_with("GMT")
    );
    assert_eq!(failed.text().await.unwrap(), "<html>Bad Gateway</html>");
    assert_eq!(get(&simulator, &path).await.status(), 200);
}

#[tokio::test]
async fn answers_can_be_garbage_wrong_or_huge() {
    let (simulator, id, path) = simulator_with_account().await;
    for fault in [Fault::TruncatedJson, Fault::Html] {
        simulator.faults().set(FaultRule::next(1, fault)).unwrap();
        let garbage = get(&simulator, &path).await;
        assert_eq!(garbage.status(), 200);
        assert!(garbage.json::<Value>().await.is_err());
    }
    simulator
        .faults()
        .set(FaultRule::next(1, Fault::WrongId))
        .unwrap();
    assert_ne!(get_json(&simulator, &path).await["id"], id.as_str());
    let huge = Fault::HugeBody { bytes: 5 << 20 };
    simulator.faults().set(FaultRule::next(1, huge)).unwrap();
    let body = get(&simulator, &path).await.bytes().await.unwrap();
    assert!(body.len() > 4 << 20);
    assert_eq!(
        serde_json::from_slice::<Value>(&body).unwrap()["id"],
        id.as_str()
    );
}

#[tokio::test]
async fn a_redirect_and_a_dropped_connection_are_no_answers() {
    let (simulator, _, path) = simulator_with_account().await;
    let redirect = Fault::Redirect {
        location: "http://example.invalid/".to_owned(),
    };
    simulator
        .faults()
        .set(FaultRule::next(1, redirect))
        .unwrap();
    let redirected = get(&simulator, &path).await;
    assert_eq!(redirected.status(), 302);
    assert_eq!(redirected.headers()["location"], "http://example.invalid/");

    simulator
        .faults()
        .set(FaultRule::next(1, Fault::Drop))
        .unwrap();
    let dropped = within_deadline(request(&simulator, &path).send()).await;
    assert!(dropped.unwrap_err().is_request());
    assert_eq!(get(&simulator, &path).await.status(), 200);
    assert!(
        simulator
            .api_requests()
            .iter()
            .any(|count| count.status == 0)
    );
}

#[tokio::test]
async fn a_request_that_hangs_is_answered_when_the_fault_is_switched_off() {
    let (simulator, id, path) = simulator_with_account().await;
    let hang = simulator
        .faults()
        .set(FaultRule::next(1, Fault::Hang))
        .unwrap();
    let is_taken = async || {
        while simulator.faults().list()[0].1.remaining != Some(0) {
            tokio::task::yield_now().await;
        }
    };
    // Who asks gives up once it hangs, however long it took to come to that.
    tokio::select! {
        answer = request(&simulator, &path).send() => assert!(answer.is_err(), "it was answered"),
        () = within_deadline(is_taken()) => {}
    }
    assert_eq!(get(&simulator, &path).await.status(), 200);

    simulator.faults().clear(hang);
    let hang = simulator
        .faults()
        .set(FaultRule::next(1, Fault::Hang))
        .unwrap();
    let release = async {
        is_taken().await;
        simulator.faults().clear(hang);
    };
    let (answer, ()) =
        within_deadline(async { tokio::join!(get_json(&simulator, &path), release) }).await;
    assert_eq!(answer["id"], id.as_str());
}

#[tokio::test]
async fn a_hanging_request_does_not_keep_the_simulator_from_stopping() {
    let (simulator, _, path) = simulator_with_account().await;
    simulator
        .faults()
        .set(FaultRule::next(1, Fault::Hang))
        .unwrap();
    let asked = tokio::spawn(request(&simulator, &path).send());
    within_deadline(async {
        while simulator.faults().list()[0].1.remaining != Some(0) {
            tokio::task::yield_now().await;
        }
        simulator.shutdown().await;
        drop(asked.await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn a_late_answer_is_late_and_right() {
    let (simulator, _, path) = simulator_with_account().await;
    let late = Fault::Latency {
        delay: Duration::from_millis(200),
    };
    simulator.faults().set(FaultRule::next(1, late)).unwrap();
    let begun = Instant::now();
    assert_eq!(get(&simulator, &path).await.status(), 200);
    assert!(begun.elapsed() >= Duration::from_millis(200));
}

#[tokio::test]
async fn a_stale_answer_says_what_was_true_when_the_request_came() {
    let (simulator, id, path) = simulator_with_account().await;
    let stale = Fault::Stale {
        delay: Duration::from_secs(1),
    };
    simulator.faults().set(FaultRule::next(1, stale)).unwrap();
    let change = async {
        while simulator.faults().list()[0].1.remaining != Some(0) {
            tokio::task::yield_now().await;
        }
        let changed = simulator.set_status(&id, Status::Error, Vec::new(), Notify::Silent);
        changed.unwrap();
    };
    let asked = async { tokio::join!(get_json(&simulator, &path), change) };
    let (answer, ()) = within_deadline(asked).await;
    assert_eq!(answer["status"], "active");
    assert_eq!(get_json(&simulator, &path).await["status"], "error");
}

#[tokio::test]
async fn a_fault_befalls_its_account_and_its_operation_only() {
    let (simulator, id, path) = simulator_with_account().await;
    let other = simulator.link(&NewAccount::default()).unwrap();
    let rule = FaultRule::always(Fault::status(500)).for_account(&id);
    simulator.faults().set(rule).unwrap();
    assert_eq!(get(&simulator, &path).await.status(), 500);
    assert_eq!(
        get(&simulator, &format!("/accounts/{other}"))
            .await
            .status(),
        200
    );
    assert_eq!(get(&simulator, "/accounts").await.status(), 200);
    let batch = format!("/accounts?account_ids={other}&account_ids={id}");
    assert_eq!(get(&simulator, &batch).await.status(), 500);

    simulator.faults().clear_all();
    let rule = FaultRule::always(Fault::IgnoreQuery).for_operation(Operation::List);
    simulator.faults().set(rule).unwrap();
    let all = get_json(&simulator, "/accounts?account_ids=nobody&page=9").await;
    assert_eq!(all.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_list_may_be_short_in_another_order_with_a_stranger_or_in_another_shape() {
    let (simulator, id, path) = simulator_with_account().await;
    let other = simulator.link(&NewAccount::default()).unwrap();
    let list = format!("/accounts?account_ids={id}&account_ids={other}&page_size=2");
    let mut seen = Vec::new();
    for fault in [
        Fault::CapPage { accounts: 1 },
        Fault::ReverseList,
        Fault::ExtraAccount,
        Fault::OtherShape,
    ] {
        simulator.faults().set(FaultRule::next(2, fault)).unwrap();
        seen.push(get_json(&simulator, &list).await);
        assert_eq!(get_json(&simulator, &path).await["id"], id.as_str());
    }
    assert_eq!(seen[0].as_array().unwrap().len(), 1);
    assert_eq!(seen[1][0]["id"], other.as_str());
    assert_eq!(seen[2][2]["id"], "an-account-nobody-asked-for");
    assert_eq!(seen[3]["data"][1]["id"], other.as_str());
}

#[tokio::test]
async fn a_request_that_is_not_let_in_uses_up_no_fault() {
    let (simulator, _, path) = simulator_with_account().await;
    simulator
        .faults()
        .set(FaultRule::next(1, Fault::Html))
        .unwrap();
    let url = format!("{}{path}", simulator.api_url());
    assert_eq!(client().get(url).send().await.unwrap().status(), 403);
    assert_eq!(simulator.faults().list()[0].1.remaining, Some(1));
}
