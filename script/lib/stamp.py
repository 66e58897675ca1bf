#!/usr/bin/env python3
"""Draws site/stamp.png: a rubber stamp that says 304. Run it again after changing it.

Every shape is a stroke of round pens, so all there is to know of a pixel is its distance to the
nearest stroke; a little noise makes it look stamped. One colour in 16 strengths: a small file.
"""
import math
import os
import random
import struct
import zlib

WIDTH, HEIGHT, TILT = 360, 190, math.radians(-5)
INK = (196, 43, 30)


def arc(x, y, radius, begin, end, pieces=14):
    """Strokes along part of a circle; angles in degrees, clockwise from the right."""
    spots = [(x + radius * math.cos(math.radians(begin + (end - begin) * i / pieces)),
              y + radius * math.sin(math.radians(begin + (end - begin) * i / pieces)))
             for i in range(pieces + 1)]
    return list(zip(spots, spots[1:]))


def strokes():
    """(strokes, width of the pen) in a space whose middle is 0, 0."""
    three = arc(-92, -22, 21, 200, 450) + arc(-92, 22, 23, 270, 520)
    nought = (arc(0, -20, 25, 180, 360) + arc(0, 20, 25, 0, 180)
              + [((-25, -20), (-25, 20)), ((25, -20), (25, 20))])
    four = [((104, -45), (68, 16)), ((68, 16), (122, 16)), ((104, -45), (104, 45))]
    frame = [((-150, -70), (150, -70)), ((-150, 70), (150, 70)),
             ((-160, -60), (-160, 60)), ((160, -60), (160, 60))]
    for x, y, begin in ((-150, -60, 180), (150, -60, 270), (150, 60, 0), (-150, 60, 90)):
        frame += arc(x, y, 10, begin, begin + 90, 6)
    return [(three + nought + four, 7.5), (frame, 3.5)]


def distance(x, y, stroke):
    (ax, ay), (bx, by) = stroke
    dx, dy = bx - ax, by - ay
    along = max(0.0, min(1.0, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy)))
    return math.hypot(x - ax - along * dx, y - ay - along * dy)


def wear(seed, cell):
    """Smooth noise between 0 and 1: where the ink did not take."""
    dice = random.Random(seed)
    columns, rows = WIDTH // cell + 2, HEIGHT // cell + 2
    grid = [[dice.random() for _ in range(columns)] for _ in range(rows)]

    def at(x, y):
        column, row = int(x / cell), int(y / cell)
        fx, fy = x / cell - column, y / cell - row
        top = grid[row][column] * (1 - fx) + grid[row][column + 1] * fx
        bottom = grid[row + 1][column] * (1 - fx) + grid[row + 1][column + 1] * fx
        return top * (1 - fy) + bottom * fy
    return at


def strength(x, y, shapes, coarse, fine):
    """0 (paper) to 15 (ink) of one pixel."""
    px, py = x + 0.5 - WIDTH / 2, y + 0.5 - HEIGHT / 2
    rx = px * math.cos(TILT) - py * math.sin(TILT)
    ry = px * math.sin(TILT) + py * math.cos(TILT)
    ink = 0.0
    for lines, pen in shapes:
        gap = min(distance(rx, ry, line) for line in lines)
        ink = max(ink, min(1.0, max(0.0, pen - gap + 0.5)))
    worn = 0.6 * coarse(x, y) + 0.4 * fine(x, y)
    return round(15 * ink * min(1.0, max(0.15, (0.78 - worn) * 5)))


def chunk(name, data):
    return (struct.pack(">I", len(data)) + name + data
            + struct.pack(">I", zlib.crc32(name + data)))


def main():
    shapes, coarse, fine = strokes(), wear(304, 11), wear(1, 3)
    raw = bytearray()
    for y in range(HEIGHT):
        raw.append(0)
        row = [strength(x, y, shapes, coarse, fine) for x in range(WIDTH)]
        raw += bytes(row[i] << 4 | row[i + 1] for i in range(0, WIDTH, 2))
    png = (b"\x89PNG\r\n\x1a\n"
           + chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 4, 3, 0, 0, 0))
           + chunk(b"PLTE", bytes(INK) * 16)
           + chunk(b"tRNS", bytes(i * 17 for i in range(16)))
           + chunk(b"IDAT", zlib.compress(bytes(raw), 9)) + chunk(b"IEND", b""))
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
    with open(os.path.join(root, "site", "stamp.png"), "wb") as file:
        file.write(png)


if __name__ == "__main__":
    main()
