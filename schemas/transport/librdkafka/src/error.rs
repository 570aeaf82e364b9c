//! The error of a call to librdkafka.

use std::ffi::CStr;

use rdkafka::error::RDKafkaErrorCode;
use rdkafka_sys as rdsys;

/// Why librdkafka did not do what it was asked for. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NativeError {
    /// A text contains a NUL, which C cannot represent.
    #[error("{0} has a NUL byte")]
    Nul(&'static str),
    /// The client's mechanism uses no user name and password.
    #[error("the client's mechanism is none with user name and password")]
    NoPassword,
    /// librdkafka returned an error.
    #[error("{reason}")]
    Refused {
        /// The code of the error.
        code: RDKafkaErrorCode,
        /// The description in librdkafka's words.
        reason: String,
    },
}

/// Takes an error object, destroys it, and returns its contents; `Ok` where there is none.
pub(crate) fn taken(error: *mut rdsys::rd_kafka_error_t) -> Result<(), NativeError> {
    if error.is_null() {
        return Ok(());
    }
    #[expect(unsafe_code, reason = "an error object is read by its functions")]
    // SAFETY: the pointer is not null, and the object is ours until it is destroyed below.
    let code = unsafe { rdsys::rd_kafka_error_code(error) };
    #[expect(unsafe_code, reason = "an error object is read by its functions")]
    // SAFETY: as above. The text is never null and ends with NUL.
    let reason = unsafe { rdsys::rd_kafka_error_string(error) };
    #[expect(unsafe_code, reason = "an error object is read by its functions")]
    // SAFETY: it is the object's, and is copied before the object is destroyed.
    let reason = unsafe { CStr::from_ptr(reason) };
    let reason = reason.to_string_lossy().into_owned();
    #[expect(unsafe_code, reason = "an error object is ours to destroy")]
    // SAFETY: nothing refers to it any more.
    unsafe {
        rdsys::rd_kafka_error_destroy(error);
    }
    let code = code.into();
    Err(NativeError::Refused { code, reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_object_becomes_a_value() {
        assert_eq!(taken(std::ptr::null_mut()), Ok(()));
        let code = rdsys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__STATE;
        #[expect(unsafe_code, reason = "none of our calls makes one on demand")]
        // SAFETY: the format ends with NUL and wants no arguments.
        let error = unsafe { rdsys::rd_kafka_error_new(code, c"not now".as_ptr()) };
        let refused = taken(error);
        assert_eq!(
            refused,
            Err(NativeError::Refused {
                code: RDKafkaErrorCode::State,
                reason: "not now".to_owned(),
            })
        );
    }
}
