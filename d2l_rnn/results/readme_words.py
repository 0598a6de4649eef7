"""What the generated tables call things, in the languages of the pages."""

from __future__ import annotations

from typing import Dict

ENGLISH: Dict[str, str] = {
    "experiment": "experiment",
    "section": "section",
    "published": "published",
    "what it is": "what it is",
    "the book": "the book",
    "book weights": "from the builds' weights",
    "seed weights": "from own weights",
    "minutes a run": "minutes at best",
    "minutes": "minutes",
    "command": "command",
    "reproduced": "reproduced",
    "differs": "differs",
    "not comparable": "not comparable",
    "seeds": "{} seeds",
    "seed": "{} seed",
    "printed": "; printed ",
    "book line": "The book (d2l {edition}, section {section}): {published}.",
    "ours line": "Ours{start}: {ours}, **{verdict}**; "
    "{minutes} minutes at best: `{by}`",
    "shows line": "Recorded: {shows}; {minutes} minutes at best: `{by}`",
    "place": "{date} on {processor} ({cores} cores, {threads} a run)",
    "nothing recorded": "Nothing of it is recorded yet.",
    "set-up": "set-up, once",
    "tests": "the tests, with what they need besides",
    "measured": "Set-up: {date} on {machine}. Trainings: {trainings}.",
    "measured with tests": "Set-up and tests: {date} on {machine}. Trainings: "
    "{trainings}.",
}

CHINESE: Dict[str, str] = {
    "experiment": "实验",
    "section": "节",
    "published": "书中数值",
    "what it is": "内容（英文）",
    "the book": "书中数值",
    "book weights": "从各次构建的初始权重开始",
    "seed weights": "从自己的初始权重开始",
    "minutes a run": "分钟（最快的一次）",
    "minutes": "分钟",
    "command": "命令",
    "reproduced": "已复现",
    "differs": "有差异",
    "not comparable": "不可比",
    "seeds": "{} 个随机种子",
    "seed": "{} 个随机种子",
    "printed": "；印出 ",
    "book line": "书中（d2l {edition} 版，{section} 节）：{published}。",
    "ours line": "我们的结果{start}：{ours}，**{verdict}**；"
    "最快 {minutes} 分钟：`{by}`",
    "shows line": "已记录：{figures}；最快 {minutes} 分钟：`{by}`",
    "in training": "训练困惑度 {}",
    "held out": "留出文本的困惑度 {:.1f}",
    "place": "{date}，{processor}（{cores} 核，每次运行 {threads} 个线程）",
    "nothing recorded": "尚无记录。",
    "set-up": "安装环境（仅第一次）",
    "tests": "测试，含安装测试所需的软件包",
    "measured": "安装：{date}，{machine}。训练：{trainings}。",
    "measured with tests": "安装和测试：{date}，{machine}。训练：{trainings}。",
}

WORDS: Dict[str, Dict[str, str]] = {"en": ENGLISH, "zh": CHINESE}
