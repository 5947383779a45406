"""The scenario language: models, loading with positions, JSON Schema, mutations."""
