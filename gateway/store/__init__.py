"""The database behind `gateway.app.ports.Store`: one writer with group commit, readers beside it (ADR 2)."""
