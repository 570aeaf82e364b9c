//! Asking the services' operators' listeners, as Prometheus and a prober do.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use anyhow::Context as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Whether a service says that it is ready.
pub(crate) async fn is_ready(admin: SocketAddr) -> bool {
    let answer = get(admin, "/readyz").await;
    answer.is_ok_and(|answer| {
        answer.starts_with("HTTP/1.1 200 ") || answer.starts_with("HTTP/1.0 200 ")
    })
}

/// What the processor has counted so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// What became of the records it has consumed: `emitted`, `skipped:duplicate`, ….
    pub dispositions: BTreeMap<String, u64>,
    /// How many events it has emitted.
    pub emitted: u64,
}

/// Asks the processor for its counts.
pub(crate) async fn counts(admin: SocketAddr) -> anyhow::Result<Counts> {
    let metrics = get(admin, "/metrics").await?;
    Ok(Counts {
        dispositions: dispositions(&metrics),
        emitted: series(&metrics, "events_emitted_total")
            .map(|(_, value)| value)
            .sum(),
    })
}

async fn get(address: SocketAddr, path: &str) -> anyhow::Result<String> {
    let ask = async {
        let mut stream = TcpStream::connect(address).await?;
        let request = format!("GET {path} HTTP/1.0\r\nhost: {address}\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok::<_, std::io::Error>(answer)
    };
    ask.await
        .with_context(|| format!("no answer from http://{address}{path}"))
}

/// The series of a counter with labels: these, and the value.
fn series<'a>(metrics: &'a str, counter: &'a str) -> impl Iterator<Item = (&'a str, u64)> {
    let lines = metrics.lines().filter_map(move |line| {
        let rest = line
            .strip_prefix("stackone_processor_")?
            .strip_prefix(counter)?;
        rest.strip_prefix('{')?.split_once("} ")
    });
    lines.filter_map(|(labels, value)| Some((labels, value.trim().parse().ok()?)))
}

fn dispositions(metrics: &str) -> BTreeMap<String, u64> {
    let counted = series(metrics, "records_total").filter(|(_, count)| *count > 0);
    counted
        .filter_map(|(labels, count)| {
            let disposition = label(labels, "disposition")?;
            let name = match label(labels, "reason")? {
                "" => disposition.to_owned(),
                reason => format!("{disposition}:{reason}"),
            };
            Some((name, count))
        })
        .collect()
}

/// The value of a label. Ours need no escapes: they come from enums.
fn label<'a>(labels: &'a str, name: &str) -> Option<&'a str> {
    let mut pairs = labels.split(',').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(label, _)| *label == name)?;
    value.strip_prefix('"')?.strip_suffix('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dispositions_are_named_with_their_reason_where_there_is_one() {
        let text = "# TYPE stackone_processor_records_total counter\n\
                    stackone_processor_records_total{disposition=\"emitted\",reason=\"\"} 12\n\
                    stackone_processor_records_total{disposition=\"merged\",reason=\"\"} 0\n\
                    stackone_processor_records_total{disposition=\"skipped\",reason=\"duplicate\"} 1\n\
                    stackone_processor_records_consumed_total 13\n";
        let expected = [("emitted", 12), ("skipped:duplicate", 1)];
        let expected = expected.map(|(name, count)| (name.to_owned(), count));
        assert_eq!(dispositions(text), BTreeMap::from(expected));
    }
}
