"""What the API answers, as its document says it, by area. Answers are made elsewhere, by hand and
for speed; every test that gets one holds it against these forms."""
