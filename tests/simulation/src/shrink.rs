//! Making a history that breaks a rule smaller.
