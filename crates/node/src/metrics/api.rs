//! What programs ask of this process over HTTP, in numbers.

use std::{sync::LazyLock, time::Duration};

use prometheus_client::{
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::{Registry, Unit},
};

type Asked = [(&'static str, String); 2];

static HERE: LazyLock<Numbers> = LazyLock::new(|| Numbers {
    requests: Family::default(),
    refused: Counter::default(),
    // From a millisecond to some half a minute: what waits for its turn waits no longer.
    took: Histogram::new(exponential_buckets(0.001, 2.0, 16)),
    streams: Gauge::default(),
});

#[derive(Debug)]
struct Numbers {
    requests: Family<Asked, Counter>,
    refused: Counter,
    took: Histogram,
    streams: Gauge,
}

/// A request was answered: what was asked, one of a table; the status; how long it took, without what is sent after it.
pub fn asked(operation: &'static str, status: u16, took: Duration) {
    HERE.requests.get_or_create(&[("operation", operation.to_owned()), ("status", status.to_string())]).inc();
    HERE.took.observe(took.as_secs_f64());
    if status == 429 {
        HERE.refused.inc();
    }
}

/// So many more streams of events are open, or fewer.
pub fn streams(more: i64) {
    HERE.streams.inc_by(more);
}

pub(super) fn register(registry: &mut Registry) {
    registry.register(
        "api_requests",
        "What programs asked over HTTP, by what it was and how it was answered",
        HERE.requests.clone(),
    );
    registry.register("api_rate_refused", "Requests refused since they came too often", HERE.refused.clone());
    registry.register("api_streams", "Streams of events that are open", HERE.streams.clone());
    let help = "How long programs waited for an answer";
    registry.register_with_unit("api_request", help, Unit::Seconds, HERE.took.clone());
}
