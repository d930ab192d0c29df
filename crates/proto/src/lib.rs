//! The gRPC messages and stubs of `countersign.v1`, generated from the top-level `proto/` folder.
//!
//! Nothing is written by hand here, and only `front` uses it: what crosses that border is converted in `front::grpc::convert`.

/// `countersign.v1`: the signing service and its messages.
pub mod v1 {
    #![allow(missing_docs, clippy::all, reason = "generated; the messages are documented in proto/, the stubs around them are not")]
    tonic::include_proto!("countersign.v1");
}

/// The descriptors of every file in `proto/`, as reflection serves them.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/countersign.v1.bin"));

#[cfg(test)]
mod tests {
    use prost::Message as _;

    #[test]
    fn the_descriptors_name_the_three_calls() {
        let set = prost_types::FileDescriptorSet::decode(super::FILE_DESCRIPTOR_SET).unwrap();
        let calls: Vec<String> =
            set.file.iter().flat_map(|f| &f.service).flat_map(|s| s.method.iter().map(|m| format!("{}.{}", s.name(), m.name()))).collect();
        assert_eq!(calls, ["SigningService.SignPackage", "SigningService.DownloadPackage", "SigningService.VerifyPackage"]);
    }
}
