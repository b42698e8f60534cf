//! Mail: messages are written, read, sent and fetched here. Knows nothing of cases, stores or homes.
