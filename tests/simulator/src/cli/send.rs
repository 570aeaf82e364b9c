//! `stackone-simulator send`

use std::io::{self, Write};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use reqwest::Client;
use secrecy::{ExposeSecret, SecretString};
use stackone_simulator::{
    AccountEvent, AccountId, RecordEvent, SignedBody, Tamper, describe, webhook_client,
    webhook_request,
};
use url::Url;

use super::CommandError;
use super::secret::{self, WEBHOOK_SECRET_ENV};
use super::verdict::Verdict;

/// More of an answer is not printed.
const LONGEST_ANSWER: usize = 500;

#[derive(Debug, Args)]
pub(super) struct SendArgs {
    /// The event's name. `account.created`, `account.updated` and `account.deleted` have the
    /// payload of account events, all others (`hris_employees.updated`, …) that of record events.
    event: String,
    /// Where to send it, for example `http://127.0.0.1:8080/webhooks/stackone/default`.
    #[arg(long)]
    url: Url,
    /// The file with the webhook secret. Without it: the environment variable
    /// `STACKONE_SIMULATOR_WEBHOOK_SECRET`.
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// The account; without it a new id each time.
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    account_id: Option<String>,
    /// The project that the payload names.
    #[arg(long, value_name = "ID", default_value = "simulated")]
    project_id: String,
    /// The connector that the payload names (account events only).
    #[arg(long, value_name = "KEY", default_value = "bamboohr")]
    provider: String,
    /// The customer's tenant that the payload names (account events only).
    #[arg(long, value_name = "ID", default_value = "tenant-1")]
    origin_owner_id: String,
    /// Sign and send exactly these bytes instead of a payload.
    #[arg(long, value_name = "FILE")]
    body_file: Option<PathBuf>,
    /// Spoil it: it should be refused with 401.
    #[arg(long, value_enum)]
    tamper: Option<TamperArg>,
    /// Send so many, one after another.
    #[arg(long, value_name = "N", default_value = "1")]
    count: NonZeroU32,
    /// How long an answer may take.
    #[arg(long, value_name = "MS", default_value = "10000")]
    timeout_ms: u64,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum TamperArg {
    /// The body is changed after it was signed.
    Body,
    /// One character of the signature is another one.
    Signature,
    /// The right MAC in hexadecimal, the commonest mistake of integrators.
    Encoding,
}

impl From<TamperArg> for Tamper {
    fn from(arg: TamperArg) -> Self {
        match arg {
            TamperArg::Body => Self::Body,
            TamperArg::Signature => Self::Signature,
            TamperArg::Encoding => Self::Encoding,
        }
    }
}

/// Sends what was asked for and prints a line for each answer.
pub(super) async fn send(args: SendArgs) -> Result<ExitCode, CommandError> {
    let secret = read_secret(&args)?;
    let bytes = match &args.body_file {
        None => None,
        Some(file) => Some(std::fs::read(file).map_err(|error| {
            CommandError::Usage(format!("cannot read {}: {error}", file.display()))
        })?),
    };
    if !["http", "https"].contains(&args.url.scheme()) {
        return Err(CommandError::Usage(format!(
            "{} is neither http nor https",
            args.url
        )));
    }
    let client = webhook_client(Duration::from_millis(args.timeout_ms))
        .map_err(|error| CommandError::Failure(describe(error)))?;
    let mut worst = Verdict::Accepted;
    for _ in 0..args.count.get() {
        let (subject, body) = match &bytes {
            Some(bytes) => (args.event.clone(), bytes.clone()),
            None => payload(&args),
        };
        worst = worst.max(send_one(&args, &client, &secret, &subject, body).await?);
    }
    Ok(worst.exit_code())
}

fn read_secret(args: &SendArgs) -> Result<SecretString, CommandError> {
    secret::read(args.secret_file.as_deref(), WEBHOOK_SECRET_ENV)?.ok_or_else(|| {
        CommandError::Usage(format!(
            "no secret: give --secret-file FILE, or set {WEBHOOK_SECRET_ENV}"
        ))
    })
}

/// What the line calls it, and the bytes.
fn payload(args: &SendArgs) -> (String, Vec<u8>) {
    let now = Timestamp::now();
    let account_id = match &args.account_id {
        Some(id) => AccountId::from(id.as_str()),
        None => AccountId::generate(&mut fastrand::Rng::new()),
    };
    let subject = format!("{} {account_id}", args.event);
    let body = if AccountEvent::is_name(&args.event) {
        AccountEvent {
            provider: args.provider.clone(),
            origin_owner_id: Some(args.origin_owner_id.clone()),
            ..AccountEvent::of_unknown(&args.project_id, &account_id, &args.event)
        }
        .to_bytes(Timestamp::now())
    } else {
        RecordEvent {
            project_id: args.project_id.clone(),
            account_id,
            event: args.event.clone(),
            event_date: now,
            record_id: format!("record-{}", now.as_millisecond()),
        }
        .to_bytes(now)
    };
    (subject, body)
}

async fn send_one(
    args: &SendArgs,
    client: &Client,
    secret: &SecretString,
    subject: &str,
    body: Vec<u8>,
) -> Result<Verdict, CommandError> {
    let tamper = args.tamper.map(Tamper::from);
    let signed = SignedBody::new(secret.expose_secret().as_bytes(), body, tamper);
    let what = format!(
        "{subject} ({} bytes, {})",
        signed.body.len(),
        tamper.map_or("rightly signed", Tamper::description)
    );
    let begun = Instant::now();
    let (verdict, answer) = match webhook_request(client, &args.url, signed).send().await {
        Ok(response) => {
            let status = response.status();
            let text = response.text().await.unwrap_or_default();
            (
                Verdict::of(status),
                format!("{status} {}", printable(&text)),
            )
        }
        Err(error) => (Verdict::NoAnswer, format!("no answer: {}", describe(error))),
    };
    print(&format!(
        "{} [{} ms] <- {what}",
        answer.trim_end(),
        begun.elapsed().as_millis()
    ))?;
    Ok(verdict)
}

/// An answer comes from outside: one line, no control characters, not endless.
fn printable(text: &str) -> String {
    let short: String = text.trim().chars().take(LONGEST_ANSWER).collect();
    short
        .chars()
        .map(|character| {
            if character.is_control() {
                ' '
            } else {
                character
            }
        })
        .collect()
}

fn print(line: &str) -> Result<(), CommandError> {
    writeln!(io::stdout().lock(), "{line}")
        .map_err(|error| CommandError::Failure(format!("cannot print: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_cannot_move_the_cursor() {
        assert_eq!(printable("a\u{1b}[2Jb\nc"), "a [2Jb c");
    }
}
