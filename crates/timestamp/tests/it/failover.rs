//! Several authorities as one, each behind its breaker.

use crate::answers::{client, today};
use model::{Code, HashAlgorithm};
use std::sync::Arc;
use testkit::Tsa;
use timestamp::{Breaker, BreakerConfig, Failover, Timestamper};

fn guarded(url: &str) -> Arc<dyn Timestamper> {
    Arc::new(Breaker::new(Arc::new(client(url)), BreakerConfig { failures: 2, ..BreakerConfig::default() }))
}

#[tokio::test]
async fn the_next_one_is_asked_and_a_broken_one_left_alone() {
    let Some(tsa) = Tsa::start() else { return };
    let both: Arc<dyn Timestamper> = Arc::new(Failover::new(vec![guarded(&tsa.url("wrong-nonce")), guarded(&tsa.url(""))]));
    for _ in 0..4 {
        both.timestamp(b"v", HashAlgorithm::Sha256, today()).await.unwrap();
    }
    assert_eq!((&tsa.counts()["/wrong-nonce"], &tsa.counts()["/"]), (&2.into(), &4.into()));
    timestamp::conformance::run(both, today()).await;
}

#[tokio::test]
async fn with_none_left_it_is_not_ready() {
    let Some(tsa) = Tsa::start() else { return };
    let both = Failover::new(vec![guarded(&tsa.url("rejected")), guarded(&tsa.url("empty"))]);
    for _ in 0..2 {
        assert!(both.ready().is_ok());
        assert_eq!(both.timestamp(b"v", HashAlgorithm::Sha256, today()).await.unwrap_err().code(), Code::TimestampRefused);
    }
    assert_eq!(both.ready().unwrap_err().code(), Code::TimestampRefused);
    assert_eq!(Failover::new(Vec::new()).ready().unwrap_err().code(), Code::ConfigurationInvalid);
}
