//! The plan of a splice as the rows hold it: small, and without the signature a second time.
