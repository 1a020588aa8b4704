//! Arguments of a call against the shapes of the API's model, at any depth.
