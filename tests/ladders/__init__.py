"""Ladders of rules, fed with made-up facts: whatever the facts, exactly one rule fires."""
