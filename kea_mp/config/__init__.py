"""The configuration: parsed once, validated strictly, frozen."""
