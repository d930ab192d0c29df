//! What every queue must do, as one suite that each implementation's tests run.
