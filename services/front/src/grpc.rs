//! `countersign.v1.SigningService`, health and reflection, as one router for a listener that speaks HTTP/2.

mod convert;
mod download;
mod parts;
mod sign;
mod signing_service;
mod verify;

use crate::state::FrontState;
use intake::Intake;
use proto::v1::signing_service_server::SigningServiceServer;
use signing_service::Signing;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tonic::service::Routes;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;
use web::PushKeys;

/// What the gRPC side has besides front's own state.
#[derive(Debug, Clone)]
pub struct GrpcConfig {
    /// The way in for SignPackage.
    pub intake: Intake,
    /// Who may call SignPackage.
    pub push_keys: PushKeys,
}

/// What every call has at hand.
#[derive(Debug, Clone)]
pub(crate) struct GrpcState {
    pub(crate) front: FrontState,
    pub(crate) intake: Intake,
    pub(crate) push_keys: PushKeys,
    pub(crate) verifying: Arc<Semaphore>,
}

/// Says whether the service can serve, to those who ask `grpc.health.v1`.
#[derive(Debug, Clone)]
pub struct GrpcHealth(HealthReporter);

impl GrpcHealth {
    /// Sets it, for the service and for the server as a whole.
    pub async fn set(&self, serving: bool) {
        let status = if serving { ServingStatus::Serving } else { ServingStatus::NotServing };
        for service in ["", SERVICE] {
            self.0.set_service_status(service, status).await;
        }
    }
}

/// The gRPC services, and the switch of their health, which begins as serving.
///
/// # Errors
/// The descriptors cannot be read, which the build rules out.
pub async fn router(front: FrontState, config: GrpcConfig) -> Result<(axum::Router, GrpcHealth), tonic_reflection::server::Error> {
    let descriptors = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(proto::FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let verifying = Arc::new(Semaphore::new(front.config().verify_concurrent));
    let state = GrpcState { front, intake: config.intake, push_keys: config.push_keys, verifying };
    let (reporter, health) = tonic_health::server::health_reporter();
    let mut routes = Routes::builder();
    routes
        .add_service(SigningServiceServer::new(Signing::new(state)))
        .add_service(health)
        .add_service(descriptors().build_v1()?)
        .add_service(descriptors().build_v1alpha()?);
    let health = GrpcHealth(reporter);
    health.set(true).await;
    Ok((routes.routes().prepare().into_axum_router(), health))
}

/// The service's full name.
const SERVICE: &str = "countersign.v1.SigningService";
